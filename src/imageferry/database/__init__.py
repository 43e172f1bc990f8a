"""The connection to the database, its tables and its migrations."""
