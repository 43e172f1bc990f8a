from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from imageferry.console.interface import Task
from imageferry.console.progress import STILL_SECONDS, progress
from support.visits import NOW

TASK = Task(
    sequence=1,
    task_id="t-1",
    region_id="cn-hangzhou",
    action="ImportImage",
    status="Processing",
    resource_id="m-1",
    name="name",
    created=NOW,
    finished=None,
    phase="transfer",
    percent=10,
    bytes_done=1 << 20,
    bytes_total=1 << 24,
    bytes_per_second=1 << 20,
    place=0,
    waiting_for="",
    priority=5,
    attempt=1,
    error_code="",
    error_message="",
    cancel_reason="",
    pause_reason="",
    moved=NOW,
    request={},
)
LATER = NOW + timedelta(seconds=STILL_SECONDS)


def test_a_task_that_stands_still_is_told_after_a_while() -> None:
    assert progress(TASK, LATER - timedelta(seconds=1)).still is None
    assert progress(TASK, LATER).still == STILL_SECONDS


@pytest.mark.parametrize("task", [replace(TASK, status="Paused"), replace(TASK, moved=None)])
def test_a_task_that_is_not_to_move_does_not_stand_still(task: Task) -> None:
    assert progress(task, LATER).still is None


def test_a_task_is_seen_anew_once_it_stands_still_for_longer() -> None:
    states = [progress(TASK, LATER + timedelta(seconds=seconds)).state for seconds in (0, 1, 60)]

    assert states[0] == states[1] != states[2]
