from __future__ import annotations

import sqlalchemy as sa

from imageferry.accounts.tables import nonces
from imageferry.database.connection import Database
from imageferry.database.distinct import each_value
from imageferry.database.metadata import now


def test_each_value_of_the_rows_that_are_meant_is_found_once(database: Database) -> None:
    rows = [
        {"access_key_id": key, "nonce": f"{key}-{number}", "expires": now()}
        for key in ("b", "a", "c")
        for number in range(3)
    ]
    with database.write() as connection:
        connection.execute(sa.insert(nonces), rows)

    with database.read() as connection:
        every = connection.execute(each_value(nonces.c.access_key_id)).scalars().all()
        some = each_value(nonces.c.access_key_id, nonces.c.nonce != "a-0", nonces.c.nonce < "c")
        none = each_value(nonces.c.access_key_id, nonces.c.nonce == "")
        assert every == ["a", "b", "c"]
        assert connection.execute(some).scalars().all() == ["a", "b"]
        assert connection.execute(none).scalars().all() == []
