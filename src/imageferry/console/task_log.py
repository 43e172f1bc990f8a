"""The log of a task: its events and its worker's lines, in one order."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from imageferry.console.interface import Event, Line

EVENT = "event"
"""The level of what happened to the task itself."""

_PROBLEMS = {"warning": "warning", "error": "error", "critical": "error", "exception": "error"}


@dataclass(frozen=True)
class Entry:
    """One line of the log.

    Attributes:
        time: When it was said, UTC.
        level: ``event``, ``info``, ``warning`` or ``error``.
        text: What happened, in a word.
        detail: What is known of it.
    """

    time: datetime
    level: str
    text: str
    detail: str


def log_entries(events: Sequence[Event], lines: Sequence[Line]) -> Sequence[Entry]:
    """Events and lines as they came one after another.

    Of a task that has said more than is kept, events older than the first line are shown too.
    """
    entries = [Entry(event.time, EVENT, event.event, event.detail) for event in events]
    entries += [
        Entry(line.time, _PROBLEMS.get(line.level, "info"), line.event, _readable(line.detail))
        for line in lines
    ]
    return sorted(entries, key=lambda entry: entry.time)


def _readable(detail: str) -> str:
    """The values of a line as ``name=value``; a line that was cut off as it is."""
    try:
        values = json.loads(detail) if detail else {}
    except ValueError:
        return detail
    return " ".join(f"{name}={value}" for name, value in _flat(values))


def _flat(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
