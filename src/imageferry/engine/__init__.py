"""Durable execution of tasks: the only room that imports the engine library."""
