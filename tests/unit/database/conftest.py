"""A database of each test's own."""

from __future__ import annotations

from support.rows import database, empty_database, rows, shared_postgresql

__all__ = ["database", "empty_database", "rows", "shared_postgresql"]
