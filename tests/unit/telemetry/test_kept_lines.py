from __future__ import annotations

import json

import pytest

from imageferry.telemetry.kept_lines import MAX_CHARACTERS, MAX_LINES, KeptLines


def said(lines: KeptLines, method: str = "info", **event: object) -> None:
    before = dict(event)
    assert lines(None, method, event) == before


def test_the_lines_of_a_task_are_kept_until_they_are_taken() -> None:
    lines = KeptLines()
    with lines.wanted("t-1"):
        said(lines, event="phase_begun", task_id="t-1", phase="transfer")
        said(lines, "warning", event="lease_expired", task_id="t-1")
        said(lines, event="phase_begun", task_id="t-2")
        said(lines, event="started")

        taken = [(line.level, line.event, line.detail) for line in lines.take("t-1")]

        assert lines.take("t-1") == []
    assert taken == [
        ("info", "phase_begun", '{"phase": "transfer"}'),
        ("warning", "lease_expired", ""),
    ]


def test_owners_are_not_shown_how_the_service_is_built() -> None:
    lines = KeptLines()
    with lines.wanted("t-1"):
        said(
            lines, task_id="t-1", event="e", executor="host-1", reason="db.internal", code="Broken"
        )
        (line,) = lines.take("t-1")

    assert json.loads(line.detail) == {"code": "Broken"}


def test_what_nobody_wants_or_takes_takes_no_room() -> None:
    lines = KeptLines()
    said(lines, event="e", task_id="t-1")
    with lines.wanted("t-1"), lines.wanted("t-1"):
        said(lines, event="e", task_id="t-1")
    with lines.wanted("t-1"):
        assert lines.take("t-1") == []
        for number in range(MAX_LINES + 1):
            said(lines, event=str(number), task_id="t-1")
        assert [line.event for line in lines.take("t-1")][:1] == ["1"]


@pytest.mark.parametrize("message", ["x" * 3 * MAX_CHARACTERS, "\u202e<script>"])
def test_a_long_or_strange_value_is_kept_as_far_as_it_fits(message: str) -> None:
    lines = KeptLines()
    with lines.wanted("t-1"):
        said(lines, event="e", task_id="t-1", message=message)
        (line,) = lines.take("t-1")

    assert message[:100] in line.detail
    assert len(line.detail) <= MAX_CHARACTERS
