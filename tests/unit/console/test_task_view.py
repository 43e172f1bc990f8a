"""Addresses of views of the list."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest

from imageferry.console.task_view import read_view

REGIONS = ("cn-hangzhou",)


def test_a_view_reads_its_own_address() -> None:
    query = {"search": "a&b", "status": "Failed", "from": "2026-11-22T08:00", "size": "50"}
    view = read_view({**query, "before": "7"}, REGIONS)

    again = read_view(dict(parse_qsl(urlsplit(view.address).query)), REGIONS)

    assert again == view
    assert (again.window.before, again.window.size, again.condition.search) == (7, 50, "a&b")
    assert (
        view.newest == "/console/tasks?search=a%26b&status=Failed&from=2026-11-22T08%3A00&size=50"
    )
    assert "after=9" in view.newer_than(9)
    assert "before=9" in view.older_than(9)


def test_times_are_utc_and_a_minute_counts_as_a_whole() -> None:
    condition = read_view({"from": "2026-11-22T08:00", "to": "2026-11-22T08:00"}, ()).condition

    assert condition.created_from == datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert condition.created_to == datetime(2026, 11, 22, 8, 0, 59, 999_999, tzinfo=UTC)


def test_the_last_minute_is_one_too() -> None:
    condition = read_view({"to": "9999-12-31T23:59:30"}, ()).condition

    assert condition.created_to == datetime.max.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "query",
    [
        {"status": "Weird"},
        {"action": "<script>"},
        {"region": "mars"},
        {"from": "yesterday"},
        {"size": "1000000"},
        {"before": "-1"},
        {"before": "9" * 30},
        {"after": "x"},
        {"search": "\0"},
    ],
)
def test_what_cannot_be_used_is_passed_over(query: dict[str, str]) -> None:
    assert read_view(query, REGIONS) == read_view({}, REGIONS)


def test_a_search_has_its_limit() -> None:
    assert len(read_view({"search": "x" * 10_000}, ()).condition.search) == 128
