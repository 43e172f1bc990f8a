"""What tells one installation from another: an id, which is where its rows are."""

from __future__ import annotations

import secrets

import sqlalchemy as sa

from imageferry.database.connection import Database
from imageferry.database.metadata import metadata

_LOCK = "imageferry-installation"

installation = sa.Table(
    "installation",
    metadata,
    sa.Column("installation_id", sa.String(32), primary_key=True),
)


def installation_id(database: Database) -> str:
    """The id of the installation that has a database, chosen once.

    A backup of the database has it too: what is put back is the same installation.
    """
    with database.read() as connection:
        found = _find(connection)
    if found:
        return found
    with database.write_alone(_LOCK) as connection:
        if not (found := _find(connection)):
            found = secrets.token_hex(16)
            connection.execute(sa.insert(installation).values(installation_id=found))
    return found


def _find(connection: sa.Connection) -> str:
    return connection.execute(sa.select(installation.c.installation_id)).scalar() or ""
