from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from imageferry.accounts import nonces as nonces_module
from imageferry.accounts.nonces import FORGET_SECONDS, Nonces, is_known
from imageferry.accounts.tables import nonces as table
from imageferry.database.connection import Database
from imageferry.database.metadata import now

SOON = timedelta(minutes=30)


@pytest.fixture
def nonces(database: Database) -> Nonces:
    return Nonces(database)


def _kept(database: Database) -> dict[str, datetime]:
    with database.read() as connection:
        rows = connection.execute(sa.select(table.c.nonce, table.c.expires))
        return {row.nonce: row.expires for row in rows}


def test_a_nonce_is_new_once(nonces: Nonces) -> None:
    assert nonces.remember("key", "nonce", now() + SOON)
    assert not nonces.remember("key", "nonce", now() + SOON)
    assert nonces.remember("key", "Nonce", now() + SOON)
    assert nonces.remember("another key", "nonce", now() + SOON)


def test_a_nonce_that_one_process_has_seen_is_not_new_to_another(database: Database) -> None:
    another = Database(database.text_url)
    try:
        assert Nonces(database).remember("key", "nonce", now() + SOON)
        assert not Nonces(another).remember("key", "nonce", now() + SOON)
    finally:
        another.close()


def test_of_many_that_send_a_nonce_at_once_one_is_first(nonces: Nonces) -> None:
    together = threading.Barrier(8)

    def send(_: int) -> bool:
        together.wait()
        return nonces.remember("key", "nonce", now() + SOON)

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(send, range(8))) == [False] * 7 + [True]


def test_a_nonce_that_was_sent_again_is_kept_as_long_as_at_first(
    nonces: Nonces, database: Database
) -> None:
    until = now().replace(microsecond=0) + SOON
    nonces.remember("key", "nonce", until)

    nonces.remember("key", "nonce", until + SOON)

    assert _kept(database) == {"nonce": until}


def test_expired_nonces_are_forgotten_from_time_to_time(database: Database) -> None:
    seconds = 100.0
    nonces = Nonces(database, lambda: seconds)
    long_ago = now() - timedelta(seconds=1)
    nonces.remember("key", "old", long_ago)

    nonces.remember("key", "new", now() + SOON)
    assert set(_kept(database)) == {"old", "new"}

    seconds += FORGET_SECONDS
    nonces.remember("key", "newest", now() + SOON)
    assert set(_kept(database)) == {"new", "newest"}


def test_nonces_are_kept_while_the_clock_is_set_forth_and_back(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = 100.0
    nonces = Nonces(database, lambda: seconds)
    until = now() + SOON
    assert nonces.remember("key", "nonce", until)

    seconds += FORGET_SECONDS
    with monkeypatch.context() as patch:
        patch.setattr(nonces_module, "now", lambda: until + timedelta(hours=1))
        assert nonces.remember("key", "of the hour ahead", until + timedelta(hours=2))

    assert not nonces.remember("key", "nonce", until)
    seconds += FORGET_SECONDS + SOON.total_seconds()
    with monkeypatch.context() as patch:
        patch.setattr(nonces_module, "now", lambda: until + timedelta(hours=1))
        assert nonces.remember("key", "later", until + timedelta(hours=2))
    assert set(_kept(database)) == {"of the hour ahead", "later"}


def test_an_expired_nonce_is_new_again_before_it_is_forgotten(
    nonces: Nonces, database: Database
) -> None:
    until = now().replace(microsecond=0) + SOON
    nonces.remember("key", "nonce", now() - timedelta(seconds=1))

    assert nonces.remember("key", "nonce", until)
    assert not nonces.remember("key", "nonce", until)
    assert _kept(database) == {"nonce": until}


def test_a_nonce_is_known_once_it_was_noted(nonces: Nonces, database: Database) -> None:
    nonces.remember("key", "nonce", now() + SOON)

    with database.read() as connection:
        assert is_known(connection, "key", "nonce")
        assert not is_known(connection, "key", "another nonce")
        assert not is_known(connection, "another key", "nonce")
