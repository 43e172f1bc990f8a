"""The tasks of accounts as the console shows them."""

from __future__ import annotations

import pytest

from imageferry.engine.presence import Presence
from imageferry.service.console_tasks import ConsoleTasks
from imageferry.settings import Settings
from imageferry.tasks import transitions
from imageferry.tasks.model import Phase
from support.rows import (
    ON_POSTGRESQL,
    ON_SQLITE,
    Rows,
    database,
    empty_database,
    rows,
    shared_postgresql,
)

__all__ = ["database", "empty_database", "rows", "shared_postgresql"]


@pytest.fixture
def tasks(rows: Rows) -> ConsoleTasks:
    return ConsoleTasks(rows.database, Settings(task_share=3))


@ON_SQLITE
def test_a_task_is_told_with_its_turn(tasks: ConsoleTasks, rows: Rows) -> None:
    rows.task(priority=1)
    task_id = rows.task(priority=2)

    details = tasks.find(rows.account, task_id)

    assert details is not None
    assert (details.task.priority, details.task.place) == (2, 2)
    assert details.account_share == 3


@ON_SQLITE
def test_when_a_task_moved_last_is_told_to_the_minute(tasks: ConsoleTasks, rows: Rows) -> None:
    waiting = tasks.find(rows.account, rows.task())
    task_id = rows.claimed()
    rows.change(transitions.enter_phase, task_id, "worker", Phase.TRANSFER)
    running = tasks.find(rows.account, task_id)

    assert waiting is not None
    assert waiting.task.moved is None
    assert running is not None
    assert running.task.moved is not None
    assert (running.task.moved.second, running.task.moved.microsecond) == (0, 0)


@ON_SQLITE
def test_the_one_worker_of_sqlite_is_taken_to_be_there(tasks: ConsoleTasks) -> None:
    assert tasks.has_workers()


@ON_POSTGRESQL
def test_workers_are_there_while_they_give_signs_of_life(tasks: ConsoleTasks, rows: Rows) -> None:
    assert not tasks.has_workers()
    worker = Presence(rows.database, "worker")

    worker.enter("1", slots=2)
    assert tasks.has_workers()

    worker.leave()
    assert not tasks.has_workers()
