from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from imageferry.accounts import access_keys, explored_calls
from imageferry.accounts.explored_calls import MAX_CALLS, MAX_CHARACTERS, ExploredCall
from support.rows import Rows

BEGIN = datetime(2026, 11, 22, tzinfo=UTC)


def call(account_id: str, number: int = 1, **values: Any) -> ExploredCall:
    known: dict[str, Any] = {
        "request_id": f"{account_id}-{number}",
        "account_id": account_id,
        "time": BEGIN + timedelta(seconds=number),
        "product": "ecs",
        "action": "DescribeTasks",
        "parameters": {"RegionId": "cn-hangzhou"},
        "status": 200,
        "code": "",
    }
    return ExploredCall(**(known | values))


def latest(rows: Rows, account_id: str) -> list[ExploredCall]:
    with rows.database.read() as connection:
        return list(explored_calls.latest(connection, account_id))


def test_a_call_is_kept_for_its_account_alone(rows: Rows) -> None:
    other = rows.change(access_keys.create_account, "other")
    first, second = call(rows.account, 1), call(rows.account, 2, status=404, code="Broken")

    for made in (first, second):
        explored_calls.remember(rows.database, made)

    assert latest(rows, rows.account) == [second, first]
    assert latest(rows, other) == []


def test_the_last_calls_of_each_account_are_kept(rows: Rows) -> None:
    other = rows.change(access_keys.create_account, "other")
    explored_calls.remember(rows.database, call(other, 0))

    for number in range(MAX_CALLS + 3):
        explored_calls.remember(rows.database, call(rows.account, number))

    kept = latest(rows, rows.account)
    assert (len(kept), kept[-1].request_id) == (MAX_CALLS, f"{rows.account}-3")
    assert len(latest(rows, other)) == 1


def test_a_call_that_is_too_large_is_kept_without_its_parameters(rows: Rows) -> None:
    explored_calls.remember(
        rows.database, call(rows.account, parameters={"Description": "x" * MAX_CHARACTERS})
    )

    assert latest(rows, rows.account)[0].parameters == {}
