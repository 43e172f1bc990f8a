from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing

import pytest
import sqlalchemy as sa

from imageferry.engine import queue
from imageferry.engine.failure_detector import FailureDetector
from imageferry.engine.presence import Presence
from imageferry.engine.queue import ENGINE_VERSION, TaskQueue
from imageferry.tasks.model import TaskAction
from support.rows import ON_POSTGRESQL, Rows

pytestmark = ON_POSTGRESQL
WORKFLOWS = sa.table(
    "workflow_status",
    *(sa.column(name) for name in ("workflow_uuid", "status", "executor_id")),
    schema="dbos",
)


@pytest.fixture
def tasks(rows: Rows) -> Iterator[TaskQueue]:
    queue.prepare(rows.database)
    with closing(TaskQueue(rows.database)) as tasks:
        yield tasks


@pytest.fixture
def detector(rows: Rows, tasks: TaskQueue) -> FailureDetector:
    return FailureDetector(rows.database, tasks, timeout=60)


def _give(rows: Rows, tasks: TaskQueue, task_id: str, executor: str) -> None:
    """Let a worker have a task, as the engine writes it."""
    had = sa.update(WORKFLOWS).where(WORKFLOWS.c.workflow_uuid == task_id)
    with rows.database.write() as connection:
        tasks.enqueue(connection, task_id, TaskAction.IMPORT_IMAGE, executor)
    with rows.database.write() as connection:
        connection.execute(had.values(status="PENDING", executor_id=executor))


def test_tasks_of_who_is_gone_are_given_to_others(
    rows: Rows, tasks: TaskQueue, detector: FailureDetector
) -> None:
    Presence(rows.database, "alive").enter(ENGINE_VERSION, 2)
    _give(rows, tasks, "t-1", "gone")
    _give(rows, tasks, "t-2", "alive")

    looks = [detector.look() for _ in range(3)]

    assert looks == [[], ["t-1"], []]
    assert tasks.held() == {"t-1": "alive", "t-2": "alive"}
    assert tasks.begun_by("alive") == {"t-2"}


def test_tasks_are_shared_out_by_free_slots(
    rows: Rows, tasks: TaskQueue, detector: FailureDetector
) -> None:
    Presence(rows.database, "small").enter(ENGINE_VERSION, 1)
    Presence(rows.database, "large").enter(ENGINE_VERSION, 4)
    _give(rows, tasks, "t-0", "large")
    for number in range(1, 5):
        _give(rows, tasks, f"t-{number}", "gone")

    looks = [detector.look() for _ in range(2)]

    assert looks == [[], ["t-1", "t-2", "t-3", "t-4"]]
    assert Counter(tasks.held().values()) == {"small": 1, "large": 4}


def test_what_was_given_and_not_begun_is_given_to_others_too(
    rows: Rows, tasks: TaskQueue, detector: FailureDetector
) -> None:
    Presence(rows.database, "alive").enter(ENGINE_VERSION, 2)
    with rows.database.write() as connection:
        tasks.enqueue(connection, "t-1", TaskAction.IMPORT_IMAGE, "gone")

    looks = [detector.look() for _ in range(2)]

    assert looks == [[], ["t-1"]]
    assert tasks.held() == {"t-1": "alive"}


def test_workers_of_another_version_get_none(
    rows: Rows, tasks: TaskQueue, detector: FailureDetector
) -> None:
    Presence(rows.database, "alive").enter("another", 2)
    _give(rows, tasks, "t-1", "gone")

    assert [detector.look() for _ in range(3)] == [[], [], []]
    assert tasks.held() == {"t-1": "gone"}


def test_of_several_that_watch_one_acts(rows: Rows, tasks: TaskQueue) -> None:
    detectors = [FailureDetector(rows.database, tasks, timeout=60) for _ in range(3)]
    Presence(rows.database, "alive").enter(ENGINE_VERSION, 2)
    _give(rows, tasks, "t-1", "gone")

    looks = [detector.look() for _ in range(2) for detector in detectors]

    assert sorted(looks) == [[], [], [], [], [], ["t-1"]]
