from __future__ import annotations

from imageferry.accounts import accounts
from support.rows import Rows


def test_known_accounts(rows: Rows) -> None:
    with rows.database.read() as connection:
        assert accounts.known(connection, [rows.account, "1"]) == {rows.account}
        assert accounts.known(connection, []) == set()
