from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from imageferry.accounts import access_keys, bearer_tokens
from imageferry.accounts.access_keys import KEPT_AFTER_EXPIRY
from imageferry.accounts.bearer_tokens import BearerToken
from imageferry.accounts.tables import bearer_tokens as table
from support.rows import Rows

HOUR = timedelta(hours=1)


def _issue(rows: Rows, lasting: timedelta = HOUR) -> str:
    with rows.database.write() as connection:
        return bearer_tokens.issue(connection, rows.account, lasting)


def _find(rows: Rows, token: str) -> BearerToken | None:
    with rows.database.read() as connection:
        return bearer_tokens.find(connection, token)


def test_a_token_stands_for_its_account_until_it_runs_out(rows: Rows) -> None:
    found = _find(rows, _issue(rows))

    assert found is not None
    assert found.account_id == rows.account
    assert found.expires - found.created == HOUR


def test_no_other_text_is_a_token(rows: Rows) -> None:
    token = _issue(rows)

    assert _issue(rows) != token
    for other in ("", token[:-1], token.swapcase(), "caf\udce9"):
        assert _find(rows, other) is None


def test_the_database_cannot_tell_a_token(rows: Rows) -> None:
    token = _issue(rows)

    with rows.database.read() as connection:
        (row,) = connection.execute(sa.select(table))
    assert token not in str(row)
    assert _find(rows, row.digest) is None


def test_tokens_are_forgotten_some_time_after_they_ran_out(rows: Rows) -> None:
    just = _issue(rows, timedelta(seconds=-1))
    long_ago = _issue(rows, -KEPT_AFTER_EXPIRY - timedelta(seconds=1))
    assert _find(rows, long_ago) is not None

    _issue(rows)

    assert _find(rows, long_ago) is None
    assert _find(rows, just) is not None


def test_the_tokens_of_one_account_are_withdrawn(rows: Rows) -> None:
    other = rows.change(access_keys.create_account, "other")
    another_s = rows.change(bearer_tokens.issue, other, HOUR)
    tokens = [_issue(rows), _issue(rows), _issue(rows, timedelta(seconds=-1))]

    assert rows.change(bearer_tokens.withdraw, rows.account) == 2

    assert [_find(rows, token) for token in tokens] == [None, None, None]
    assert _find(rows, another_s) is not None
