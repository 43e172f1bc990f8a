"""The clock of SQLite before 3.42, which knew no fractions of a second."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

KNOWN_SINCE = (3, 42)
"""The release of SQLite that has ``unixepoch('subsec')``; earlier ones answer with NULL.

The library of the durable steps asks for it wherever Python is 3.12 or newer, which says nothing
of SQLite: Debian 12 has 3.40, also below the newest Python.
"""


def complete(connection: Any, _record: object) -> None:
    """Give a connection that was just made the clock, where its SQLite does not have it."""
    if isinstance(connection, sqlite3.Connection) and sqlite3.sqlite_version_info < KNOWN_SINCE:
        connection.create_function("unixepoch", 1, _unix_epoch)


def _unix_epoch(modifier: str) -> float:
    """The seconds since 1970, as exactly as SQLite itself has them."""
    if modifier != "subsec":
        raise ValueError(f"unixepoch({modifier!r}) is asked of a SQLite that is too old for it")
    return time.time_ns() // 1_000_000 / 1000
