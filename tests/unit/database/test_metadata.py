from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from imageferry.database.metadata import Timestamp, now

DIALECT = sqlite.dialect()
TIMES = st.datetimes(
    min_value=datetime(2, 1, 1),  # noqa: DTZ001 - hypothesis adds the time zone
    max_value=datetime(9998, 1, 1),  # noqa: DTZ001 - hypothesis adds the time zone
    timezones=st.timezones(),
)


def _kept(value: datetime | None) -> int | None:
    return Timestamp().process_bind_param(value, DIALECT)


def _round_trip(value: datetime | None) -> datetime | None:
    return Timestamp().process_result_value(_kept(value), DIALECT)


@given(TIMES)
def test_a_moment_comes_back_to_the_microsecond(value: datetime) -> None:
    back = _round_trip(value)

    assert back is not None
    assert back.tzinfo is UTC
    assert back == value.astimezone(UTC)


@given(TIMES, TIMES)
def test_moments_sort_as_they_are_kept(one: datetime, other: datetime) -> None:
    first, second = _kept(one), _kept(other)

    assert first is not None
    assert second is not None
    assert (first < second) == (one.astimezone(UTC) < other.astimezone(UTC))


def test_nothing_stays_nothing() -> None:
    assert _round_trip(None) is None


def test_a_moment_without_its_time_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        _kept(datetime(2026, 1, 1))  # noqa: DTZ001 - the very mistake


def test_the_present_is_told_in_utc() -> None:
    assert now().utcoffset() == timedelta()
