"""A task that is paused while a step works on it: the step stops, and what there is stays."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from imageferry.engine.import_image import ImportImage
from imageferry.tasks import hand_overs, transitions
from imageferry.tasks.model import TaskStatus
from support.disks import DISK
from support.ferry import Ferry

PATIENCE_SECONDS = 60


@pytest.fixture
def task_id(ferry: Ferry) -> str:
    ferry.bucket.put("disk.raw", [DISK])
    return ferry.import_image("disk.raw")[1]


def _meanwhile(
    monkeypatch: pytest.MonkeyPatch, ferry: Ferry, task_id: str, happens: Callable[[], None]
) -> None:
    """Let something happen while the first transfer is at work, which then waits to be stopped."""
    transfer = ImportImage.transfer
    begun: list[ImportImage] = []

    async def interrupted(work: ImportImage) -> None:
        if begun:
            await transfer(work)
            return
        begun.append(work)
        (ferry.context.folder(task_id) / "half").write_bytes(b"half")
        await asyncio.to_thread(happens)
        await asyncio.sleep(PATIENCE_SECONDS)
        raise TimeoutError("the work was not stopped")

    monkeypatch.setattr(ImportImage, "transfer", interrupted)


def _pause(ferry: Ferry, task_id: str) -> None:
    assert ferry.rows.change(transitions.pause, task_id, "Paused.")


def _resume(ferry: Ferry, task_id: str) -> None:
    assert ferry.rows.change(transitions.resume, task_id, "Resumed.")
    ferry.rows.change(hand_overs.again, task_id)


def test_a_step_stops_and_keeps_what_there_is(
    ferry: Ferry, task_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _meanwhile(monkeypatch, ferry, task_id, lambda: _pause(ferry, task_id))

    task = ferry.run(task_id)

    assert (task.status, task.parked) == (TaskStatus.PAUSED, True)
    assert [path.name for path in ferry.scratch] == ["half"]
    assert not ferry.leftovers


def test_another_run_goes_on_and_the_first_one_takes_nothing_away(
    ferry: Ferry, task_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _meanwhile(monkeypatch, ferry, task_id, lambda: _pause(ferry, task_id))
    ferry.run(task_id)
    _resume(ferry, task_id)

    assert ferry.run(task_id).status is TaskStatus.WAITING
    assert [path.name for path in ferry.scratch] == ["half"]
    task = ferry.run(task_id, hand_over=2)

    assert (task.status, task.attempt) == (TaskStatus.FINISHED, 1)
    assert ferry.scratch == []


def test_a_task_that_is_resumed_before_its_step_has_stopped_goes_on_in_the_same_run(
    ferry: Ferry, task_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def both() -> None:
        _pause(ferry, task_id)
        _resume(ferry, task_id)

    _meanwhile(monkeypatch, ferry, task_id, both)

    task = ferry.run(task_id)

    assert (task.status, task.attempt, task.hand_over) == (TaskStatus.FINISHED, 1, 1)


def test_a_paused_task_that_is_cancelled_is_cleaned_up_after(
    ferry: Ferry, task_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _meanwhile(monkeypatch, ferry, task_id, lambda: _pause(ferry, task_id))
    ferry.run(task_id)

    ferry.cancel(task_id)
    assert ferry.rows.find(task_id).hand_over == 2
    task = ferry.run(task_id, hand_over=2)

    assert task.status is TaskStatus.DELETED
    assert (ferry.scratch, ferry.imported) == ([], [])
    assert not ferry.leftovers


def test_a_task_that_is_paused_while_it_waits_is_not_begun(ferry: Ferry, task_id: str) -> None:
    _pause(ferry, task_id)

    task = ferry.run(task_id)

    assert (task.status, task.attempt, task.started) == (TaskStatus.PAUSED, 0, None)
