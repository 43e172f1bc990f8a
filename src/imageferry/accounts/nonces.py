"""Nonces of accepted requests, so that none is accepted twice."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from imageferry.accounts.tables import nonces
from imageferry.database.connection import Database
from imageferry.database.metadata import now


def remember(database: Database, access_key_id: str, nonce: str, until: datetime) -> bool:
    """Note a nonce, and say whether it is new. Those that have expired are forgotten."""
    try:
        with database.write_relaxed() as connection:
            connection.execute(sa.delete(nonces).where(nonces.c.expires < now()))
            connection.execute(
                sa.insert(nonces).values(access_key_id=access_key_id, nonce=nonce, expires=until)
            )
    except sa.exc.IntegrityError:
        return False
    return True


def is_known(connection: sa.Connection, access_key_id: str, nonce: str) -> bool:
    """Whether a nonce was noted and is not forgotten yet."""
    found = connection.execute(
        sa.select(nonces.c.nonce).where(
            nonces.c.access_key_id == access_key_id, nonces.c.nonce == nonce
        )
    ).one_or_none()
    return found is not None
