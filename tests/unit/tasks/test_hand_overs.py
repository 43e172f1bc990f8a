from __future__ import annotations

import pytest

from imageferry.tasks import hand_overs, transitions, waiting
from imageferry.tasks.model import Phase, TaskStatus
from imageferry.tasks.turns import Limits
from support.rows import Rows

OWNER = "worker"
FIRST = 1
UNLIMITED = Limits(0, lambda _: 0)


def _paused(rows: Rows) -> str:
    task_id = rows.claimed(OWNER)
    assert rows.change(transitions.pause, task_id, "Paused.", reason="The night.")
    return task_id


def test_a_paused_task_keeps_its_progress_and_its_reason_and_nobody_has_it(rows: Rows) -> None:
    task_id = rows.claimed(OWNER)
    rows.change(
        transitions.record_progress,
        task_id,
        OWNER,
        phase=Phase.TRANSFER,
        percent=40,
        bytes_done=4,
        bytes_total=10,
        bytes_per_second=2,
    )

    rows.change(transitions.pause, task_id, "Paused.", reason="The night.")

    task = rows.find(task_id)
    assert (task.percent, task.bytes_done, task.bytes_total) == (40, 4, 10)
    assert (task.phase, task.bytes_per_second, task.owner) == (Phase.TRANSFER, 0, None)
    assert (task.pause_reason, task.parked, task.finished) == ("The night.", False, None)


def test_a_task_that_goes_on_has_neither_reason_nor_another_attempt(rows: Rows) -> None:
    task_id = _paused(rows)

    rows.change(transitions.resume, task_id, "Resumed.")
    assert rows.find(task_id).pause_reason == ""
    assert rows.find(task_id).phase is Phase.QUEUED
    rows.change(transitions.claim, task_id, "another worker")

    assert rows.find(task_id).attempt == 1


def test_a_run_that_stops_parks_the_task(rows: Rows) -> None:
    task_id = _paused(rows)

    assert not rows.change(hand_overs.stand_down, task_id, FIRST)

    task = rows.find(task_id)
    assert (task.status, task.parked, task.hand_over) == (TaskStatus.PAUSED, True, FIRST)


def test_a_task_that_is_resumed_before_its_run_has_stopped_is_gone_on_with(rows: Rows) -> None:
    task_id = _paused(rows)
    rows.change(transitions.resume, task_id, "Resumed.")

    assert rows.change(hand_overs.stand_down, task_id, FIRST)

    assert not rows.find(task_id).parked
    assert rows.change(transitions.claim, task_id, OWNER)


def test_an_earlier_run_can_neither_take_a_task_up_nor_park_it(rows: Rows) -> None:
    task_id = _paused(rows)
    rows.change(hand_overs.stand_down, task_id, FIRST)
    rows.change(transitions.resume, task_id, "Resumed.")

    rows.change(hand_overs.again, task_id)

    assert (rows.find(task_id).hand_over, rows.find(task_id).parked) == (FIRST + 1, False)
    assert not rows.change(hand_overs.stand_down, task_id, FIRST)
    assert not rows.change(transitions.claim, task_id, OWNER, FIRST)
    assert rows.change(transitions.claim, task_id, OWNER, FIRST + 1)
    rows.change(transitions.pause, task_id, "Paused.")
    assert not rows.change(hand_overs.stand_down, task_id, FIRST)
    assert not rows.find(task_id).parked


def test_a_task_that_has_a_run_gets_no_other(rows: Rows) -> None:
    task_id = _paused(rows)

    rows.change(hand_overs.again, task_id)

    assert rows.find(task_id).hand_over == FIRST


@pytest.mark.parametrize("status", [TaskStatus.PROCESSING, TaskStatus.DELETED])
def test_a_task_that_is_not_paused_is_not_parked(rows: Rows, status: TaskStatus) -> None:
    task_id = rows.claimed(OWNER)
    if status is TaskStatus.DELETED:
        rows.change(transitions.cancel, task_id, "No longer wanted.")

    assert not rows.change(hand_overs.stand_down, task_id, FIRST)

    assert (rows.find(task_id).status, rows.find(task_id).parked) == (status, False)


def test_a_run_that_another_one_replaces_can_do_nothing_with_its_task(rows: Rows) -> None:
    task_id = rows.claimed(OWNER)

    rows.change(hand_overs.replace, task_id, FIRST)

    assert (rows.find(task_id).hand_over, rows.find(task_id).queued) == (FIRST + 1, True)
    assert not rows.change(transitions.claim, task_id, OWNER, FIRST)
    assert rows.change(transitions.claim, task_id, "another worker", FIRST + 1)
    assert rows.find(task_id).attempt == 2


def test_a_run_is_replaced_once(rows: Rows) -> None:
    task_id = rows.claimed(OWNER)

    for _ in range(2):
        rows.change(hand_overs.replace, task_id, FIRST)

    assert rows.find(task_id).hand_over == FIRST + 1


def test_a_paused_task_whose_run_is_replaced_waits_until_it_is_resumed(rows: Rows) -> None:
    task_id = _paused(rows)
    rows.change(hand_overs.replace, task_id, FIRST)
    assert rows.change(waiting.take, UNLIMITED, 1) == []

    rows.change(transitions.resume, task_id, "Resumed.")
    rows.change(hand_overs.again, task_id)

    (task,) = rows.change(waiting.take, UNLIMITED, 1)
    assert (task.task_id, task.hand_over) == (task_id, FIRST + 1)
