"""Tasks: one row, one state machine, one writer."""
