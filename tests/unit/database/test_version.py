from __future__ import annotations

from contextlib import closing

import pytest

from imageferry.accounts import access_keys
from imageferry.database.connection import Database
from support.rows import ON_BOTH


@ON_BOTH
@pytest.mark.parametrize("relaxed", [False, True])
def test_it_differs_once_somebody_has_written(database: Database, relaxed: bool) -> None:
    before = database.version()
    with closing(Database(database.text_url)) as other:
        with other.write_relaxed() if relaxed else other.write() as connection:
            access_keys.create_account(connection, "another")

        assert database.version() != before


def test_it_is_the_same_while_nobody_writes(database: Database) -> None:
    before = database.version()
    with database.read() as connection:
        access_keys.first_account(connection)

    assert database.version() == before


def test_it_sees_what_the_same_process_writes(database: Database) -> None:
    before = database.version()
    with database.write() as connection:
        access_keys.create_account(connection, "another")

    assert database.version() != before


def test_it_can_be_asked_for_again_after_the_close(database: Database) -> None:
    database.version()
    database.close()

    assert database.version()
    database.close()
