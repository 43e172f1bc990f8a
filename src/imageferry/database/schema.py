"""Bringing a database to the schema that this version knows."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from imageferry.database.connection import Database

MIGRATIONS = Path(__file__).with_name("migrations")

_LOCK = "imageferry-schema"


class SchemaError(Exception):
    """The database has a schema that this version does not know."""


def newest() -> str:
    """The newest schema that this version knows."""
    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    assert head is not None  # noqa: S101 - there is a migration
    return head


def upgrade(database: Database) -> None:
    """Apply the migrations that are missing, once, also when several processes start together.

    Processes of an older version that run meanwhile go on: a migration only adds, and what
    it takes away has not been used since the version before.

    Raises:
        SchemaError: a newer version has been at work here.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.write_alone(_LOCK) as connection:
        _check(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check(database: Database) -> None:
    """Make sure that the database has the tables that this version needs, or newer ones.

    Raises:
        SchemaError: they are older: somebody has put a backup back.
    """
    with database.read() as connection:
        applied = set(MigrationContext.configure(connection).get_current_heads())
    if newest() not in applied and applied <= _known():
        raise SchemaError(
            f"The database has the schema of version {', '.join(sorted(applied)) or 'none'}, and "
            f"this imageferry needs {newest()}: start it again, which brings the schema up to date."
        )


def _check(connection: sa.Connection) -> None:
    """Make sure that every migration that was applied is known here."""
    for applied in MigrationContext.configure(connection).get_current_heads():
        if applied not in _known():
            raise SchemaError(
                f"The database has the schema of version {applied}; this imageferry knows "
                f"{newest()} and older ones: install the newer imageferry on this machine too."
            )


def _known() -> set[str]:
    return {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
