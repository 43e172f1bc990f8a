from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa

from imageferry.accounts.tables import nonces
from imageferry.database.connection import Database
from imageferry.database.metadata import now
from imageferry.database.upsert import upsert


def _write(database: Database, nonce: str) -> None:
    with database.write() as connection:
        upsert(connection, nonces, {"access_key_id": "LTAI", "nonce": nonce, "expires": now()})


def test_a_row_is_added_or_changed(database: Database) -> None:
    moment = now()
    for values in ({"nonce": "one"}, {"nonce": "two"}, {"nonce": "one", "expires": moment}):
        with database.write() as connection:
            upsert(connection, nonces, {"access_key_id": "LTAI", "expires": now()} | values)

    with database.read() as connection:
        found = {row.nonce: row.expires for row in connection.execute(sa.select(nonces))}
    assert found.keys() == {"one", "two"}
    assert found["one"] == moment


def test_many_that_write_one_row_at_once_do_not_collide(database: Database) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: _write(database, "one"), range(40)))

    with database.read() as connection:
        assert connection.execute(sa.select(nonces.c.nonce)).scalars().all() == ["one"]
