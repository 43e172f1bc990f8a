from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from imageferry.accounts import access_keys
from imageferry.engine import queue
from imageferry.engine.queue import TaskQueue
from imageferry.engine.uptake import Uptake, taking_up
from imageferry.settings import Settings
from imageferry.tasks import hand_overs, transitions
from support.rows import Rows
from support.service import until


@pytest.fixture
def tasks(rows: Rows) -> Iterator[TaskQueue]:
    queue.prepare(rows.database)
    with closing(TaskQueue(rows.database)) as tasks:
        yield tasks


def _uptake(rows: Rows, tasks: TaskQueue, worker: str = "me", **settings: Any) -> Uptake:
    return Uptake(rows.database, tasks, worker, Settings(**settings))


def _holders(tasks: TaskQueue) -> dict[str, str]:
    return {run: holder.worker for run, holder in tasks.held().items()}


def test_a_worker_takes_up_as_many_tasks_as_it_has_slots(rows: Rows, tasks: TaskQueue) -> None:
    first, second, third = (rows.task() for _ in range(3))
    uptake = _uptake(rows, tasks, worker_slots=2)

    looks = [uptake.look() for _ in range(2)]

    assert looks == [[first, second], []]
    assert _holders(tasks) == {first: "me", second: "me"}
    assert [rows.find(task_id).queued for task_id in (first, second, third)] == [
        False,
        False,
        True,
    ]
    assert _uptake(rows, tasks, "another").look() == [third]


def test_without_a_task_nothing_is_taken_up(rows: Rows, tasks: TaskQueue) -> None:
    assert _uptake(rows, tasks).look() == []


def test_a_task_that_cannot_be_given_to_the_engine_stays_in_the_line(
    rows: Rows, tasks: TaskQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    task_id = rows.task()
    uptake = _uptake(rows, tasks)
    with monkeypatch.context() as patch:
        patch.setattr(tasks, "enqueue", fail)
        with pytest.raises(ZeroDivisionError):
            uptake.look()

    assert rows.find(task_id).queued
    assert uptake.look() == [task_id]


def test_a_task_that_is_resumed_gets_another_run(rows: Rows, tasks: TaskQueue) -> None:
    task_id = rows.task()
    uptake = _uptake(rows, tasks)
    uptake.look()
    rows.change(transitions.claim, task_id, "owner")
    rows.change(transitions.pause, task_id, "somebody")
    rows.change(hand_overs.stand_down, task_id, 1)
    assert uptake.look() == []

    rows.change(transitions.resume, task_id, "somebody")
    rows.change(hand_overs.again, task_id)

    assert uptake.look() == [task_id]
    assert set(tasks.held()) == {task_id, f"{task_id}.2"}


def test_workers_that_look_at_once_overshoot_no_limit(rows: Rows, tasks: TaskQueue) -> None:
    other: str = rows.change(access_keys.create_account, "other")
    for account in (rows.account, other):
        for _ in range(4):
            rows.task(account_id=account)
    workers = [
        _uptake(rows, tasks, f"worker-{number}", max_running_tasks=2, max_running_tasks_in_all=3)
        for number in range(4)
    ]

    with ThreadPoolExecutor(4) as threads:
        taken = [task for tasks in threads.map(Uptake.look, workers) for task in tasks]

    accounts = [rows.find(task_id).account_id for task_id in taken]
    assert len(set(taken)) == len(taken) == 3
    assert max(accounts.count(account) for account in set(accounts)) <= 2


def test_tasks_are_taken_up_by_themselves(rows: Rows, tasks: TaskQueue) -> None:
    with taking_up(_uptake(rows, tasks)):
        task_id = rows.task()
        until(tasks.held, 60, "The uptake")

    assert _holders(tasks) == {task_id: "me"}


def test_whatever_goes_wrong_the_next_look_comes(
    rows: Rows, tasks: TaskQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors: list[Exception] = [ZeroDivisionError("broken")]
    uptake = _uptake(rows, tasks)
    look = uptake.look

    def fail_once() -> object:
        if errors:
            raise errors.pop()
        return look()

    monkeypatch.setattr(uptake, "look", fail_once)
    task_id = rows.task()
    with taking_up(uptake):
        until(tasks.held, 60, "The uptake")

    assert _holders(tasks) == {task_id: "me"}
