"""The ECS actions, one file an action."""
