"""Lists of tasks of any length, signed and over HTTP, beside the limit and beside Glance."""
