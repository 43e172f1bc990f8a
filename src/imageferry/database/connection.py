"""One database, SQLite or PostgreSQL, reached in the same way."""

from __future__ import annotations

import select
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy import event

from imageferry.database import sqlite_clock
from imageferry.database.observed import count_failures
from imageferry.database.version import PostgresqlVersion, SqliteVersion, Version

BUSY_TIMEOUT_MILLISECONDS = 30_000
"""How long a SQLite writer waits for another one: longer than any transaction of ours."""

IDLE_MILLISECONDS = 5_000
"""How long PostgreSQL lets a transaction stand still: whoever is frozen in one must not keep the
others from its rows. None of ours waits for anything but the database and renames of files."""

UNAVAILABLE = (
    sa.exc.OperationalError,
    sa.exc.InterfaceError,
    sa.exc.TimeoutError,
    # A transaction that stood still, or a server that is but a copy of the one to write to.
    sa.exc.InternalError,
)
"""What is raised while the database is locked, full or out of reach, or gave a transaction up
for another one: it may go well later."""

_DRIVERS = frozenset({"sqlite", "sqlite+pysqlite", "postgresql+psycopg"})

_IN_MEMORY = frozenset({None, "", ":memory:"})
"""What SQLite calls a database in memory: every connection would have one of its own."""

_REACH: dict[str, int | str] = {
    "connect_timeout": 10,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""How soon a server that does not answer any more is given up, in seconds; the last, in
milliseconds, is for what has been sent to it. libpq would wait for some hours."""

_LOCK = sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")

_BEGIN = "imageferry_begin"
"""What begins a transaction of SQLite; nothing where each statement is one of its own."""

_READING: Mapping[str, Mapping[str, Any]] = {
    "sqlite": {_BEGIN: "BEGIN"},
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}
"""What lets a transaction see one state throughout, and write nothing."""

_EACH_ALONE: Mapping[str, Mapping[str, Any]] = {
    "sqlite": {_BEGIN: ""},
    "postgresql": {"isolation_level": "AUTOCOMMIT"},
}
"""What makes each statement a transaction."""

# Of every engine in the process: the library of the durable steps makes its own.
event.listen(sa.Engine, "connect", sqlite_clock.complete)


class Database:
    """The database's connections.

    Args:
        url: A SQLAlchemy URL. ``postgresql://`` means psycopg 3.

    Raises:
        sqlalchemy.exc.ArgumentError: the URL cannot be read, or is that of another database or
            driver, or of a database in memory.
    """

    def __init__(self, url: str) -> None:
        self.url = sa.make_url(url)
        if self.url.drivername == "postgresql":
            self.url = self.url.set(drivername="postgresql+psycopg")
        in_memory = self.is_sqlite and self.url.database in _IN_MEMORY
        if self.url.drivername not in _DRIVERS or in_memory:
            raise sa.exc.ArgumentError(f"{self.url!r} is no database that can be used here")
        self._durable = self._engine(durable=True)
        self._relaxed = self._engine(durable=False)
        self._writing = threading.Lock()
        self._closed = 0
        for engine in (self._durable, self._relaxed):
            count_failures(engine, UNAVAILABLE)
            self._close_stragglers(engine)
        backend = self.url.get_backend_name()
        self._reading = self._durable.execution_options(**_READING[backend])
        self._each_alone = self._relaxed.execution_options(**_EACH_ALONE[backend])
        self._version: Version = (
            SqliteVersion(self.url.database or "")
            if self.is_sqlite
            else PostgresqlVersion(self._each_alone)
        )

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a SQLite file."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def text_url(self) -> str:
        """The URL with its password, for libraries that make connections of their own.

        Those too give up soon a server that does not answer any more.
        """
        reach = {} if self.is_sqlite else {name: str(value) for name, value in _REACH.items()}
        return self.url.update_query_dict(reach).render_as_string(hide_password=False)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that only reads, and sees one state throughout."""
        with self._reading.connect() as connection:
            yield connection
            if not self.is_sqlite:
                # At the end by a rollback, psycopg would forget the statements it has prepared.
                connection.commit()

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that survives a power cut once it is committed."""
        with self._turn(), self._durable.begin() as connection:
            yield connection

    @contextmanager
    def write_alone(self, name: str) -> Iterator[sa.Connection]:
        """A durable transaction that has a name to itself: others of the name wait for its end.

        So what it finds on looking is still so when it writes. SQLite has one writer anyway.

        Args:
            name: What nobody else is to change meanwhile, as the id of an account.
        """
        with self.write() as connection:
            self.be_alone(connection, name)
            yield connection

    def be_alone(self, connection: sa.Connection, name: str) -> None:
        """Have a name to oneself for the rest of a transaction; see :meth:`write_alone`."""
        if not self.is_sqlite:
            connection.execute(_LOCK, {"name": name})

    @contextmanager
    def write_relaxed(self) -> Iterator[sa.Connection]:
        """A transaction that survives a crash of ours, but perhaps not a power cut.

        For progress, which is written often and lost without harm.
        """
        with self._turn(), self._relaxed.begin() as connection:
            yield connection

    @contextmanager
    def write_each_relaxed(self) -> Iterator[sa.Connection]:
        """Statements that are each a transaction, as by :meth:`write_relaxed`.

        For nonces, of which every request writes one: the beginning and the end of a transaction
        take PostgreSQL, and the way there, twice as long again.
        """
        with self._turn(), self._each_alone.connect() as connection:
            yield connection

    def version(self) -> str:
        """What differs as soon as something was committed since it was asked for before.

        By whatever process it was; it may differ for less.
        """
        return self._version.read()

    def close(self) -> None:
        """Close every connection, those in use as soon as they are not."""
        self._closed += 1
        self._version.close()
        self._durable.dispose()
        self._relaxed.dispose()

    def _close_stragglers(self, engine: sa.Engine) -> None:
        """Close connections that come back after the close: the engine would keep them open."""

        @event.listens_for(engine, "connect")
        def connect(_connection: Any, record: Any) -> None:
            record.info["closed_before"] = self._closed

        @event.listens_for(engine, "checkin")
        def check_in(_connection: Any, record: Any) -> None:
            if record.info.get("closed_before") != self._closed:
                record.invalidate()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Let the writers of this process wait in line for SQLite, which would have them sleep.

        Whoever waits too long goes on, to be told by SQLite that it is busy.
        """
        if not self.is_sqlite:
            yield
            return
        has_turn = self._writing.acquire(timeout=BUSY_TIMEOUT_MILLISECONDS / 1000)
        try:
            yield
        finally:
            if has_turn:
                self._writing.release()

    def _engine(self, *, durable: bool) -> sa.Engine:
        if not self.is_sqlite:
            options = f"-c idle_in_transaction_session_timeout={IDLE_MILLISECONDS}"
            if not durable:
                options += " -c synchronous_commit=off"
            reach = _REACH | {"options": options}
            engine = sa.create_engine(
                self.url, pool_size=20, pool_use_lifo=True, connect_args=reach
            )
            _replace_cut_connections(engine)
            return engine
        Path(self.url.database or "").parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(self.url, pool_size=20)
        _set_up_sqlite(engine, synchronous="FULL" if durable else "NORMAL")
        return engine


def _replace_cut_connections(engine: sa.Engine) -> None:
    """Have no connection used that the server has ended, or that was given up as dead.

    A server says nothing unless it is asked, but when it ends a connection; so it need not be
    asked first whether it is still there, which would take as long as many a statement.
    """

    @event.listens_for(engine, "checkout")
    def checkout(connection: psycopg.Connection, _record: Any, _proxy: Any) -> None:
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN)
        if poll.poll(0):
            raise sa.exc.InvalidatePoolError


def _set_up_sqlite(engine: sa.Engine, *, synchronous: str) -> None:
    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
        # The driver's own transactions begin too late: a writer that reads
        # first would meet "database is locked" without waiting.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MILLISECONDS}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={synchronous}")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        if statement := connection.get_execution_options().get(_BEGIN, "BEGIN IMMEDIATE"):
            connection.exec_driver_sql(statement)
