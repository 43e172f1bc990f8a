from __future__ import annotations

from imageferry.accounts import access_keys, accounts
from support.rows import Rows


def test_known_accounts(rows: Rows) -> None:
    with rows.database.read() as connection:
        assert accounts.known(connection, [rows.account, "1"]) == {rows.account}
        assert accounts.known(connection, []) == set()


def test_an_account_is_found_by_its_id_and_by_its_name(rows: Rows) -> None:
    other = rows.change(access_keys.create_account, "team-b")

    with rows.database.read() as connection:
        assert [item.account_id for item in accounts.every(connection)] == [rows.account, other]
        for text in (other, "team-b"):
            assert accounts.find(connection, text) == accounts.Account(other, "team-b")
        assert accounts.find(connection, "team-c") is None
