from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from imageferry.console.interface import Task
from imageferry.console.progress import STILL_SECONDS, progress
from support.visits import NOW, TASK

MOVING = replace(TASK, moved=NOW)
LATER = NOW + timedelta(seconds=STILL_SECONDS)


def test_a_task_that_stands_still_is_told_after_a_while() -> None:
    assert progress(MOVING, LATER - timedelta(seconds=1)).still is None
    assert progress(MOVING, LATER).still == STILL_SECONDS


@pytest.mark.parametrize("task", [replace(MOVING, status="Paused"), replace(MOVING, moved=None)])
def test_a_task_that_is_not_to_move_does_not_stand_still(task: Task) -> None:
    assert progress(task, LATER).still is None


def test_a_task_is_seen_anew_once_it_stands_still_for_longer() -> None:
    states = [progress(MOVING, LATER + timedelta(seconds=seconds)).state for seconds in (0, 1, 60)]

    assert states[0] == states[1] != states[2]
