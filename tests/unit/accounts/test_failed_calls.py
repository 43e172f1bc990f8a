from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from imageferry.accounts import access_keys, failed_calls
from imageferry.accounts.failed_calls import FailedCall
from imageferry.accounts.tables import failed_calls as table
from imageferry.database.connection import Database
from imageferry.database.metadata import now


@pytest.fixture
def account_id(database: Database) -> str:
    """The account whose calls are kept."""
    with database.read() as connection:
        found = access_keys.first_account(connection)
    assert found is not None
    return found


def call(account_id: str, request_id: str, *, ago: float = 0, **changes: Any) -> FailedCall:
    values: dict[str, Any] = {
        "request_id": request_id,
        "account_id": account_id,
        "time": _moment(ago),
        "access_key_id": "LTAI",
        "action": "DescribeTasks",
        "parameters": {"RegionId": "nowhere"},
        "status": 404,
        "code": "InvalidRegionId.NotFound",
        "message": "The specified RegionId does not exist.",
        "recommend": "Use one that is served.",
    }
    return FailedCall(**{**values, **changes})


def _moment(ago: float) -> datetime:
    # The database keeps whole microseconds.
    return now() - timedelta(seconds=ago)


def found(database: Database, account_id: str, request_id: str) -> FailedCall | None:
    with database.read() as connection:
        return failed_calls.find(connection, account_id, request_id)


def ids(database: Database, account_id: str, limit: int = 10, code: str = "") -> list[str]:
    with database.read() as connection:
        kept = failed_calls.latest(connection, account_id, limit, code=code)
    return [entry.request_id for entry in kept]


def test_a_call_is_found_by_its_id_in_any_case(database: Database, account_id: str) -> None:
    kept = call(account_id, "4F-A")
    failed_calls.remember(database, kept)

    assert found(database, account_id, "4F-A") == kept
    assert found(database, account_id, "4f-a") == kept
    assert found(database, account_id, "4F-B") is None


def test_nobody_finds_the_call_of_another_account(database: Database, account_id: str) -> None:
    with database.write() as connection:
        other = access_keys.create_account(connection, "other")
    failed_calls.remember(database, call(account_id, "A"))

    assert found(database, other, "A") is None
    assert ids(database, other) == []


def test_the_latest_come_first(database: Database, account_id: str) -> None:
    for number in range(4):
        code = "InternalError" if number % 2 else "MissingParameter"
        failed_calls.remember(database, call(account_id, f"{number}", ago=10 - number, code=code))

    assert ids(database, account_id, limit=3) == ["3", "2", "1"]
    assert ids(database, account_id, code="InternalError") == ["3", "1"]


def test_old_calls_are_not_found_and_soon_forgotten(database: Database, account_id: str) -> None:
    week = failed_calls.KEPT_FOR.total_seconds()
    failed_calls.remember(database, call(account_id, "OLD", ago=week + 1))
    assert found(database, account_id, "OLD") is None

    failed_calls.remember(database, call(account_id, "NEW"))

    with database.read() as connection:
        assert connection.execute(sa.select(table.c.request_id)).scalars().all() == ["NEW"]


def test_of_too_many_the_oldest_are_forgotten(
    database: Database, account_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failed_calls, "MAX_CALLS", 3)
    with database.write() as connection:
        other = access_keys.create_account(connection, "other")
    failed_calls.remember(database, call(other, "OTHER", ago=100))
    for number in range(5):
        failed_calls.remember(database, call(account_id, f"{number}", ago=10 - number))

    assert ids(database, account_id) == ["4", "3", "2"]
    assert ids(database, other) == ["OTHER"]


def test_nothing_is_kept_that_signs_a_request(database: Database, account_id: str) -> None:
    parameters = {
        "RegionId": "nowhere",
        "Signature": "c2lnbmF0dXJl",
        "SecurityToken": "token",
        "signatureNonce": "nonce",
        "BearerToken": "bearer",
    }
    failed_calls.remember(database, call(account_id, "A", parameters=parameters))

    kept = found(database, account_id, "A")
    assert kept is not None
    assert kept.parameters == {"RegionId": "nowhere"}


def test_a_call_takes_no_more_room_than_it_may(database: Database, account_id: str) -> None:
    parameters = {f"Tag.{number}.Key": "x" * 8192 for number in range(500)}
    failed_calls.remember(database, call(account_id, "A", parameters=parameters))

    kept = found(database, account_id, "A")
    assert kept is not None
    assert len(kept.parameters) == failed_calls.MAX_PARAMETERS
    assert kept.parameters["Tag.0.Key"] == "x" * failed_calls.MAX_CHARACTERS + "…"


def test_what_is_no_text_is_kept_as_far_as_it_is(database: Database, account_id: str) -> None:
    failed_calls.remember(database, call(account_id, "A", message="of \udcff\0", recommend=""))

    kept = found(database, account_id, "A")
    assert kept is not None
    assert kept.message == "of ?\ufffd"
