from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from imageferry.accounts import access_keys, accounts, roles
from imageferry.accounts.access_keys import KEPT_AFTER_EXPIRY, AccessKey
from imageferry.accounts.tables import accounts as accounts_table
from imageferry.accounts.tables import roles as roles_table
from imageferry.database.metadata import now
from support.rows import Rows


def _create(rows: Rows, *given: str) -> AccessKey:
    with rows.database.write() as connection:
        return access_keys.create_key(connection, rows.account, *given)


def _create_temporary(rows: Rows, lasting: timedelta) -> AccessKey:
    with rows.database.write() as connection:
        role = roles.find(connection, rows.account, roles.IMPORT_ROLE)
        assert role is not None
        return access_keys.create_temporary_key(connection, role, "alice", now() + lasting)


def _find(rows: Rows, access_key_id: str) -> AccessKey | None:
    with rows.database.read() as connection:
        return access_keys.find(connection, access_key_id)


def test_a_generated_key_is_found_again(rows: Rows) -> None:
    key = _create(rows)

    assert re.fullmatch(r"LTAI[A-Za-z0-9]{20}", key.access_key_id)
    assert re.fullmatch(r"[A-Za-z0-9]{30}", key.secret)
    assert _find(rows, key.access_key_id) == key
    assert (key.account_id, key.active, key.security_token, key.expires) == (
        rows.account,
        True,
        None,
        None,
    )


def test_generated_keys_differ(rows: Rows) -> None:
    keys = [_create(rows) for _ in range(20)]

    assert len({key.access_key_id for key in keys}) == 20
    assert len({key.secret for key in keys}) == 20


def test_a_given_key_is_taken_as_it_is_and_renewed(rows: Rows) -> None:
    _create(rows, "mine", "first")
    renewed = _create(rows, "mine", "second")

    assert renewed.secret == "second"
    assert _find(rows, "mine") == renewed
    with rows.database.read() as connection:
        assert access_keys.of_account(connection, rows.account) == [renewed]


def test_a_key_is_switched_off_and_on_and_deleted(rows: Rows) -> None:
    key, other = _create(rows), _create(rows)

    for active in (False, True):
        rows.change(access_keys.set_active, key.access_key_id, active)
        assert _find(rows, key.access_key_id) == replace(key, active=active)
    rows.change(access_keys.delete, key.access_key_id)

    assert _find(rows, key.access_key_id) is None
    assert _find(rows, other.access_key_id) == other


def test_an_unknown_key_is_not_found(rows: Rows) -> None:
    _create(rows, "mine", "secret")

    assert _find(rows, "MINE") is None
    assert _find(rows, "") is None


def test_the_keys_of_an_account_are_oldest_first(rows: Rows) -> None:
    keys = [_create(rows) for _ in range(5)]

    with rows.database.read() as connection:
        assert access_keys.of_account(connection, rows.account) == keys
        assert access_keys.of_account(connection, "somebody-else") == []


def test_the_first_account_stays_the_first(rows: Rows) -> None:
    first = rows.account
    with rows.database.write() as connection:
        second = access_keys.create_account(connection, "another")

    assert rows.account == first != second
    assert re.fullmatch(r"[1-9]\d{15}", second)


def test_the_first_account_stays_the_first_where_the_clock_was_set_back(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = rows.account
    monkeypatch.setattr(access_keys, "now", lambda: datetime(2000, 1, 1, tzinfo=UTC))

    made = [rows.change(access_keys.create_account, name) for name in ("second", "third")]

    with rows.database.read() as connection:
        assert access_keys.first_account(connection) == first
        listed = [account.account_id for account in accounts.every(connection)]
    assert listed == [first, *made]


def test_a_new_database_has_no_account(rows: Rows) -> None:
    with rows.database.write() as connection:
        connection.execute(sa.delete(roles_table))
        connection.execute(sa.delete(accounts_table))

        assert access_keys.first_account(connection) is None
        made = access_keys.first_or_new_account(connection)
        assert access_keys.first_or_new_account(connection) == made


def test_a_temporary_key_is_found_again_and_not_listed(rows: Rows) -> None:
    key = _create_temporary(rows, timedelta(hours=1))

    assert re.fullmatch(r"STS\.[A-Za-z0-9]{25}", key.access_key_id)
    assert re.fullmatch(r"[A-Za-z0-9]{44}", key.secret)
    assert re.fullmatch(r"[A-Za-z0-9_-]{128}", key.security_token or "")
    assert (key.role_name, key.role_session_name) == (roles.IMPORT_ROLE, "alice")
    assert _find(rows, key.access_key_id) == key
    with rows.database.read() as connection:
        assert access_keys.of_account(connection, rows.account) == []


def test_temporary_keys_are_forgotten_some_time_after_they_ran_out(rows: Rows) -> None:
    just = _create_temporary(rows, timedelta(seconds=-1))
    long_ago = _create_temporary(rows, -KEPT_AFTER_EXPIRY - timedelta(seconds=1))
    for_ever = _create(rows)
    assert _find(rows, long_ago.access_key_id) == long_ago

    _create_temporary(rows, timedelta(hours=1))

    assert _find(rows, long_ago.access_key_id) is None
    assert _find(rows, just.access_key_id) == just
    assert _find(rows, for_ever.access_key_id) == for_ever
