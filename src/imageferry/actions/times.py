"""Times as ECS writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_FORM = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2})(:\d{2})?Z")


def to_minute(moment: datetime) -> str:
    """``2026-11-22T08:30Z``, as tasks tell their times."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")


def to_second(moment: datetime) -> str:
    """``2026-11-22T08:30:00Z``, as images tell theirs."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse(text: str) -> tuple[datetime, datetime]:
    """The first and the last moment that a time stands for.

    A time is given to the second or to the minute. One to the minute stands for
    all of it, so that a time that a reply told finds its task again.

    Raises:
        ValueError: it has neither form.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not of the form 2026-11-22T08:30:00Z")
    minute, second = match.groups()
    first = datetime.fromisoformat(minute + (second or ":00")).replace(tzinfo=UTC)
    width = timedelta(seconds=1) if second else timedelta(minutes=1)
    # In this order, or the last moment of the year 9999 is out of range on the way.
    return first, first + (width - timedelta(microseconds=1))
