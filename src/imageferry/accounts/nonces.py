"""Nonces of accepted requests, so that none is accepted twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from imageferry.accounts.tables import nonces
from imageferry.database.connection import Database
from imageferry.database.metadata import now

FORGET_SECONDS = 10.0
"""How often those that have expired are taken away."""


class Nonces:
    """The nonces of all processes of an installation. Safe in threads.

    Args:
        database: Where they are kept.
        clock: Seconds that never go back.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._forget_at = self._begun_at = clock()
        self._begun = now()
        # Every request writes one: the statement is put together once.
        insert = (sqlite if database.is_sqlite else postgresql).insert(nonces)
        self._note = insert.on_conflict_do_update(
            index_elements=[nonces.c.access_key_id, nonces.c.nonce],
            set_={"expires": insert.excluded.expires},
            where=nonces.c.expires < sa.bindparam("moment", type_=nonces.c.expires.type),
        ).execution_options(preserve_rowcount=True)

    def remember(self, access_key_id: str, nonce: str, until: datetime) -> bool:
        """Note a nonce, and say whether it is new. One that has expired is as good as new."""
        values = {"access_key_id": access_key_id, "nonce": nonce, "expires": until}
        with self._database.write_each_relaxed() as connection:
            self._forget(connection)
            noted = connection.execute(self._note, {**values, "moment": now()})
            return noted.rowcount == 1

    def _forget(self, connection: sa.Connection) -> None:
        moment = self._clock()
        if moment >= self._forget_at:
            self._forget_at = moment + FORGET_SECONDS
            # Not what expires only because the machine's clock was set forth: it may be set back,
            # and the requests would be as good as new.
            passed = self._begun + timedelta(seconds=moment - self._begun_at)
            connection.execute(sa.delete(nonces).where(nonces.c.expires < min(now(), passed)))


def is_known(connection: sa.Connection, access_key_id: str, nonce: str) -> bool:
    """Whether a nonce was noted and is not forgotten yet."""
    found = connection.execute(
        sa.select(nonces.c.nonce).where(
            nonces.c.access_key_id == access_key_id, nonces.c.nonce == nonce
        )
    ).one_or_none()
    return found is not None
