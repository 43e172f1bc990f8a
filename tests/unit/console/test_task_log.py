from __future__ import annotations

from datetime import UTC, datetime, timedelta

from imageferry.console.interface import Event, Line
from imageferry.console.task_log import log_entries

BEGIN = datetime(2026, 11, 22, tzinfo=UTC)


def at(seconds: int) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


def test_events_and_lines_are_told_in_one_order() -> None:
    events = [Event(at(0), "created", "ImportImage"), Event(at(3), "paused", "Paused by 1. Why.")]
    lines = [
        Line(1, at(1), "info", "task_taken_up", '{"attempt": 1}'),
        Line(2, at(2), "warning", "lease_expired", ""),
        Line(3, at(4), "exception", "step_failed", ""),
    ]

    told = [(entry.level, entry.text, entry.detail) for entry in log_entries(events, lines)]

    assert told == [
        ("event", "created", "ImportImage"),
        ("info", "task_taken_up", "attempt=1"),
        ("warning", "lease_expired", ""),
        ("event", "paused", "Paused by 1. Why."),
        ("error", "step_failed", ""),
    ]


def test_values_within_values_have_both_names_and_what_was_cut_off_stays_as_it_is() -> None:
    lines = [
        Line(1, at(0), "info", "phase_ended", '{"seconds": 1.5, "store": {"reads": 3}}'),
        Line(2, at(1), "info", "phase_ended", '{"message": "cut o'),
    ]

    details = [entry.detail for entry in log_entries([], lines)]

    assert details == ["seconds=1.5 store.reads=3", '{"message": "cut o']
