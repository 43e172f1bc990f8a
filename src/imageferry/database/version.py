"""Whether anything in a database was written, asked so cheaply that one can ask all the time."""

from __future__ import annotations

import sqlite3
import threading
from typing import Protocol

import sqlalchemy as sa

_SNAPSHOT = sa.text("SELECT pg_current_snapshot()::text")


class Version(Protocol):
    """The version of a database's content."""

    def read(self) -> str:
        """It differs from the one before where something was committed in between, by anybody.

        It may differ for less. Only versions that one object has read can be compared.
        """

    def close(self) -> None:
        """Let go of the database; who asks again reaches it anew."""


class SqliteVersion:
    """The version of a SQLite file.

    SQLite counts for each connection the commits of all others, so this has one of its own, by
    which nothing is written.

    Args:
        path: The file.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def read(self) -> str:
        """The number of commits that the connection has seen."""
        with self._lock:
            if self._connection is None:
                self._connection = sqlite3.connect(self._path, check_same_thread=False)
            return str(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


class PostgresqlVersion:
    """The version of a PostgreSQL server's content, all its databases together.

    A snapshot says which transactions have ended, so it is another one after each that has
    written something.

    Args:
        engine: Its connections make each statement a transaction.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def read(self) -> str:
        """The snapshot that a transaction would have now."""
        with self._engine.connect() as connection:
            return str(connection.execute(_SNAPSHOT).scalar_one())

    def close(self) -> None:
        """Its connections are those of the engine."""
