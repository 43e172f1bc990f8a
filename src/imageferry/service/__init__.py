"""The composition: the only room that knows all others, and what runs as a process."""
