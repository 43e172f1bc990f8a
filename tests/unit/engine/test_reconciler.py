from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import Mock

import pytest
import sqlalchemy as sa

from imageferry.database.metadata import now
from imageferry.engine import queue
from imageferry.engine.queue import TaskQueue
from imageferry.engine.reconciler import Reconciler, Running
from imageferry.tasks import hand_overs, transitions
from imageferry.tasks.model import TaskAction
from support.rows import Rows

ME = "me"


@pytest.fixture
def tasks(rows: Rows) -> Iterator[TaskQueue]:
    queue.prepare(rows.database)
    with closing(TaskQueue(rows.database)) as tasks:
        yield tasks


@pytest.fixture
def running() -> Running:
    return Running()


@pytest.fixture
def reconciler(rows: Rows, tasks: TaskQueue, running: Running, tmp_path: Path) -> Reconciler:
    return Reconciler(rows.database, tasks, ME, running, tmp_path / "scratch")


def _noted(
    rows: Rows,
    tasks: TaskQueue,
    status: str,
    *,
    executor: str = ME,
    ended: datetime | None = None,
) -> str:
    """A task of which the engine has noted something."""
    task_id = rows.given()
    table = "workflow_status" if rows.database.is_sqlite else "dbos.workflow_status"
    change = (
        f"UPDATE {table} SET status = :status, executor_id = :executor, completed_at = :ended"
        " WHERE workflow_uuid = :task_id"
    )
    values = {
        "status": status,
        "executor": executor,
        "ended": ended and int(ended.timestamp() * 1000),
        "task_id": task_id,
    }
    with rows.database.write() as connection:
        tasks.enqueue(connection, task_id, TaskAction.IMPORT_IMAGE, executor)
    with rows.database.write() as connection:
        connection.execute(sa.text(change), values)
    return task_id


def test_a_task_that_the_engine_gave_to_a_worker_that_does_not_know_of_it_is_taken_back(
    rows: Rows, tasks: TaskQueue, reconciler: Reconciler, running: Running
) -> None:
    lost, known = (_noted(rows, tasks, "PENDING") for _ in range(2))
    _noted(rows, tasks, "PENDING", executor="another")

    with running.carried_out(known):
        looks = [reconciler.look() for _ in range(3)]

    assert looks == [set(), {lost}, set()]
    assert tasks.held()[lost].worker == ME
    assert lost not in tasks.begun_by(ME)


def test_a_task_that_has_just_been_given_is_left_alone(
    rows: Rows, tasks: TaskQueue, reconciler: Reconciler, running: Running
) -> None:
    task_id = _noted(rows, tasks, "PENDING")
    assert reconciler.look() == set()

    with running.carried_out(task_id), running.carried_out(task_id):
        assert reconciler.look() == set()
    assert reconciler.look() == set()

    assert task_id not in running


@pytest.mark.parametrize("status", ["SUCCESS", "ERROR"])
def test_a_task_that_the_engine_takes_for_done_is_begun_again(
    rows: Rows, tasks: TaskQueue, reconciler: Reconciler, status: str
) -> None:
    task_id = _noted(rows, tasks, status, ended=now())

    looks = [reconciler.look() for _ in range(3)]

    assert looks == [set(), {task_id}, set()]
    assert rows.find(task_id).queued
    assert tasks.ended_since(now() - timedelta(hours=1)) == set()


def test_a_task_that_ends_after_the_engine_says_so_is_left_alone(
    rows: Rows, tasks: TaskQueue, reconciler: Reconciler
) -> None:
    task_id = _noted(rows, tasks, "SUCCESS", ended=now())
    assert reconciler.look() == set()

    rows.change(transitions.cancel, task_id, "somebody")

    assert reconciler.look() == set()


def test_what_could_not_be_cleaned_up_is_tried_again_later(
    rows: Rows, tasks: TaskQueue, reconciler: Reconciler
) -> None:
    recent = _noted(rows, tasks, "ERROR", ended=now())
    old = _noted(rows, tasks, "ERROR", ended=now() - timedelta(minutes=6))
    for task_id in (recent, old):
        rows.change(transitions.cancel, task_id, "somebody")

    assert reconciler.look() == {old}

    assert [rows.find(task_id).queued for task_id in (recent, old)] == [False, True]


def test_clean_ups_of_which_nothing_is_left_to_do_keep_no_others_away(
    rows: Rows, tasks: TaskQueue, reconciler: Reconciler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "FAILURES_A_TIME", 1)
    long_ago = now() - timedelta(hours=2)
    replaced = _noted(rows, tasks, "ERROR", ended=long_ago)
    rows.change(hand_overs.replace, replaced, 1)
    left = _noted(rows, tasks, "ERROR", ended=long_ago)
    rows.change(transitions.cancel, left, "somebody")

    looks = [reconciler.look() for _ in range(2)]

    assert looks == [set(), {left}]


def test_a_worker_that_dies_while_it_sets_a_task_going_loses_none(
    rows: Rows, tasks: TaskQueue, reconciler: Reconciler, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = _noted(rows, tasks, "SUCCESS", ended=now())
    reconciler.look()
    monkeypatch.setattr(TaskQueue, "forget", Mock(side_effect=RuntimeError("killed here")))
    with pytest.raises(RuntimeError):
        reconciler.look()

    task = rows.find(task_id)
    assert (task.queued, task.hand_over) == (True, 2)


def test_what_a_killed_worker_left_is_removed_once_its_task_has_ended_elsewhere(
    rows: Rows, reconciler: Reconciler, tmp_path: Path
) -> None:
    task_id = rows.task()
    folder = tmp_path / "scratch" / "killed" / task_id
    folder.mkdir(parents=True)
    reconciler.look()
    assert folder.exists()

    rows.change(transitions.cancel, task_id, "somebody")
    reconciler.look()

    assert not folder.exists()


def test_what_is_carried_out_is_known_until_it_ends(running: Running) -> None:
    with running.carried_out("t-1"), running.carried_out("t-1"):
        assert "t-1" in running
        assert running
    assert "t-1" not in running
    assert not running
