"""Bringing a database to the schema that this version knows."""

from __future__ import annotations

import time
from enum import Enum, auto
from pathlib import Path

import sqlalchemy as sa
import structlog
from psycopg.errors import DeadlockDetected, IdleInTransactionSessionTimeout, LockNotAvailable

from imageferry.database.connection import Database

MIGRATIONS = Path(__file__).with_name("migrations")

LOCK_MILLISECONDS = 1_000
"""How long a migration waits for whoever uses a table: others wait behind it."""

AGAIN_SECONDS = 5.0
"""How long after that it tries again."""

_LOCK = "imageferry-schema"

_BRIEFLY = sa.text("SELECT set_config('lock_timeout', :milliseconds, true)")

_IN_THE_WAY = (LockNotAvailable, DeadlockDetected, IdleInTransactionSessionTimeout)
"""What PostgreSQL ends a migration with that can be carried out later."""

_OLDEST_POSTGRESQL = 15
"""The oldest major version of PostgreSQL that the tests have run on."""

_APPLIED = sa.table("alembic_version", sa.column("version_num", sa.String))

_log = structlog.get_logger()


class SchemaError(Exception):
    """The database has a schema that this version does not know, or is itself too old for it."""


class Standing(Enum):
    """What the schema of a database is to this version."""

    OLDER = auto()
    CURRENT = auto()
    NEWER = auto()


def newest() -> str:
    """The newest schema that this version knows."""
    return max(_known())


def upgrade(database: Database) -> None:
    """Apply the migrations that are missing, once, also when several processes start together.

    Processes of an older version that run meanwhile go on: a migration only adds, and what
    it takes away has not been used since the version before. One that has to wait for them, or
    for a backup, keeps them waiting for a moment only, and tries again.

    Raises:
        SchemaError: a newer version has been at work here, or PostgreSQL is too old.
    """
    while not _upgrade(database):
        time.sleep(AGAIN_SECONDS)


def _upgrade(database: Database) -> bool:
    """Upgrade the schema, unless somebody is in the way."""
    try:
        _upgrade_at_once(database)
    except sa.exc.DBAPIError as error:
        if not isinstance(error.orig, _IN_THE_WAY):
            raise
        _log.warning("schema_waits", reason=str(error.orig).partition("\n")[0])
        return False
    return True


def _upgrade_at_once(database: Database) -> None:
    with database.write_alone(_LOCK) as connection:
        _check_server(connection)
        found = standing(connection)
        if found is Standing.NEWER:
            raise SchemaError(
                f"The database has the schema of version {_applied(connection)}; this imageferry "
                f"knows {newest()} and older ones: install the newer imageferry on this machine "
                "too."
            )
        if found is Standing.OLDER:
            if not database.is_sqlite:
                connection.execute(_BRIEFLY, {"milliseconds": str(LOCK_MILLISECONDS)})
            _migrate(connection)


def check(database: Database) -> None:
    """Make sure that the database has the tables that this version needs, or newer ones.

    Raises:
        SchemaError: they are older: somebody has put a backup back.
    """
    with database.read() as connection:
        if standing(connection) is Standing.OLDER:
            raise SchemaError(
                f"The database has the schema of version {_applied(connection) or 'none'}, and "
                f"this imageferry needs {newest()}: start it again, which brings the schema up to "
                "date."
            )


def standing(connection: sa.Connection) -> Standing:
    """What the schema of the database is to this version; one without a table is older."""
    applied = _applied(connection)
    if applied == newest():
        return Standing.CURRENT
    return Standing.OLDER if applied in {None, *_known()} else Standing.NEWER


def _check_server(connection: sa.Connection) -> None:
    version = connection.dialect.server_version_info
    if connection.dialect.name == "postgresql" and version and int(version[0]) < _OLDEST_POSTGRESQL:
        raise SchemaError(
            f"PostgreSQL is version {'.'.join(map(str, version))} there; this imageferry needs "
            f"{_OLDEST_POSTGRESQL} or newer: upgrade it, or set IMAGEFERRY_DATABASE_URL to another."
        )


def _migrate(connection: sa.Connection) -> None:
    # They take a tenth of a process's start, and few starts find something to migrate.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _applied(connection: sa.Connection) -> str | None:
    """The newest migration that a database has seen."""
    if not sa.inspect(connection).has_table(_APPLIED.name):
        return None
    return connection.execute(sa.select(_APPLIED.c.version_num)).scalar()


def _known() -> set[str]:
    """Every migration's number, with which the name of its file begins."""
    return {file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("*_*.py")}
