"""What an import costs in requests, rows, writes and bytes, and what 10,000 an hour would take."""
