from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import sqlalchemy as sa

from imageferry.accounts import nonces
from imageferry.accounts.tables import nonces as table
from imageferry.database.connection import Database
from imageferry.database.metadata import now

SOON = timedelta(minutes=30)


def test_a_nonce_is_new_once(database: Database) -> None:
    assert nonces.remember(database, "key", "nonce", now() + SOON)
    assert not nonces.remember(database, "key", "nonce", now() + SOON)
    assert nonces.remember(database, "key", "Nonce", now() + SOON)
    assert nonces.remember(database, "another key", "nonce", now() + SOON)


def test_of_many_that_send_a_nonce_at_once_one_is_first(database: Database) -> None:
    together = threading.Barrier(8)

    def send(_: int) -> bool:
        together.wait()
        return nonces.remember(database, "key", "nonce", now() + SOON)

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(send, range(8))) == [False] * 7 + [True]


def test_expired_nonces_are_forgotten(database: Database) -> None:
    nonces.remember(database, "key", "old", now() - timedelta(seconds=1))

    nonces.remember(database, "key", "new", now() + SOON)

    with database.read() as connection:
        kept = connection.execute(sa.select(table.c.nonce)).scalars().all()
    assert kept == ["new"]


def test_a_nonce_is_known_once_it_was_noted(database: Database) -> None:
    nonces.remember(database, "key", "nonce", now() + SOON)

    with database.read() as connection:
        assert nonces.is_known(connection, "key", "nonce")
        assert not nonces.is_known(connection, "key", "another nonce")
        assert not nonces.is_known(connection, "another key", "nonce")
