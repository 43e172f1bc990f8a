"""Bytes and seconds in words, and a chart of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from imageferry.console import languages, quantities
from imageferry.console.chart import MAX_POINTS, chart
from imageferry.console.interface import Sample

ENGLISH = partial(languages.text, "en")
NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1536, "1.5 KiB"),
        (20 * 2**20, "20 MiB"),
        (2**60, "1024 PiB"),
    ],
)
def test_bytes(number: int, text: str) -> None:
    assert quantities.in_bytes(number) == text


@pytest.mark.parametrize(
    ("seconds", "whole", "about"),
    [
        (0, "0 s", "a moment"),
        (59, "59 s", "a moment"),
        (60, "1 min", "1 min"),
        (3725, "1 h 2 min", "1 h"),
        (86400 * 2 + 61, "2 d", "2 d"),
    ],
)
def test_durations(seconds: int, whole: str, about: str) -> None:
    assert quantities.duration(ENGLISH, seconds) == whole
    assert quantities.about(ENGLISH, seconds) == about


def samples(*rates: int) -> list[Sample]:
    return [Sample(NOW + timedelta(seconds=second), rate) for second, rate in enumerate(rates)]


def test_a_chart_spans_its_time_and_its_peak() -> None:
    shown = chart(samples(0, 2048, 1024))

    assert shown is not None
    assert shown.line == "0,120 300,0 600,60"
    assert (shown.peak, shown.average, shown.seconds) == ("2.0 KiB", "1.0 KiB", 2)


def test_a_chart_has_no_more_points_than_can_be_seen() -> None:
    shown = chart(samples(*range(1000)))

    assert shown is not None
    points = shown.line.split()
    assert len(points) == MAX_POINTS
    assert (points[0], points[-1]) == ("0,120", "600,0")


@pytest.mark.parametrize("rates", [(), (5,)])
def test_too_little_is_no_chart(rates: tuple[int, ...]) -> None:
    assert chart(samples(*rates)) is None


def test_a_chart_of_one_moment_at_rest_divides_by_nothing() -> None:
    shown = chart([Sample(NOW, 0), Sample(NOW, 0)])

    assert shown is not None
    assert shown.line == "0,120 0,120"
