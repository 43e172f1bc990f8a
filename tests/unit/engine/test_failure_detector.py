from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing

import pytest
import sqlalchemy as sa

from imageferry.engine import failure_detector, queue
from imageferry.engine.failure_detector import FailureDetector
from imageferry.engine.presence import Presence
from imageferry.engine.queue import ENGINE_VERSION, TaskQueue
from imageferry.tasks import hand_overs, transitions, waiting
from imageferry.tasks.model import TaskAction
from support.rows import ON_POSTGRESQL, Rows

pytestmark = ON_POSTGRESQL
ANOTHER_VERSION = "another"
WORKFLOWS = sa.table(
    "workflow_status",
    *(
        sa.column(name)
        for name in ("workflow_uuid", "status", "executor_id", "application_version")
    ),
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


def _give(
    rows: Rows, tasks: TaskQueue, task_id: str, executor: str, version: str = ENGINE_VERSION
) -> None:
    """Let a worker have a task, as the engine writes it."""
    had = sa.update(WORKFLOWS).where(WORKFLOWS.c.workflow_uuid == task_id)
    with rows.database.write() as connection:
        tasks.enqueue(connection, task_id, TaskAction.IMPORT_IMAGE, executor)
    with rows.database.write() as connection:
        connection.execute(
            had.values(status="PENDING", executor_id=executor, application_version=version)
        )


def _take_up(rows: Rows, tasks: TaskQueue, task_id: str, executor: str, version: str) -> None:
    """Let a worker of a version of the steps take a task out of the line."""
    _give(rows, tasks, task_id, executor, version)
    rows.change(transitions.claim, task_id, executor)


def _holders(tasks: TaskQueue) -> dict[str, str]:
    return {run: holder.worker for run, holder in tasks.held().items()}


def test_tasks_of_who_is_gone_are_given_to_others(
    rows: Rows, tasks: TaskQueue, detector: FailureDetector
) -> None:
    Presence(rows.database, "alive").enter(ENGINE_VERSION, 2)
    _give(rows, tasks, "t-1", "gone")
    _give(rows, tasks, "t-2", "alive")

    looks = [detector.look() for _ in range(3)]

    assert looks == [[], ["t-1"], []]
    assert _holders(tasks) == {"t-1": "alive", "t-2": "alive"}
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
    assert Counter(_holders(tasks).values()) == {"small": 1, "large": 4}


def test_what_was_given_and_not_begun_is_given_to_others_too(
    rows: Rows, tasks: TaskQueue, detector: FailureDetector
) -> None:
    Presence(rows.database, "alive").enter(ENGINE_VERSION, 2)
    with rows.database.write() as connection:
        tasks.enqueue(connection, "t-1", TaskAction.IMPORT_IMAGE, "gone")

    looks = [detector.look() for _ in range(2)]

    assert looks == [[], ["t-1"]]
    assert _holders(tasks) == {"t-1": "alive"}


def test_workers_of_another_version_get_none(
    rows: Rows, tasks: TaskQueue, detector: FailureDetector
) -> None:
    Presence(rows.database, "alive").enter(ANOTHER_VERSION, 2)
    _give(rows, tasks, "t-1", "gone")

    assert [detector.look() for _ in range(3)] == [[], [], []]
    assert _holders(tasks) == {"t-1": "gone"}


def test_tasks_of_another_version_are_left_to_its_workers(
    rows: Rows, tasks: TaskQueue, detector: FailureDetector
) -> None:
    Presence(rows.database, "alive").enter(ENGINE_VERSION, 2)
    Presence(rows.database, "other").enter(ANOTHER_VERSION, 2)
    task_id = rows.task()
    _take_up(rows, tasks, task_id, "gone", ANOTHER_VERSION)

    assert [detector.look() for _ in range(3)] == [[], [], []]
    assert tasks.under_way([task_id]) == {task_id}
    assert not rows.find(task_id).queued


def test_tasks_of_a_version_without_a_worker_are_begun_anew(
    rows: Rows, tasks: TaskQueue, detector: FailureDetector
) -> None:
    Presence(rows.database, "alive").enter(ENGINE_VERSION, 2)
    task_id = rows.task()
    _take_up(rows, tasks, task_id, "gone", ANOTHER_VERSION)

    looks = [detector.look() for _ in range(3)]

    assert looks == [[], [task_id], []]
    assert (rows.find(task_id).queued, rows.find(task_id).hand_over) == (True, 2)
    assert tasks.under_way([task_id]) == set()
    assert not rows.change(transitions.claim, task_id, "who was taken for dead", 1)


def test_the_last_worker_of_another_version_keeps_its_tasks_until_it_is_dead(
    rows: Rows, tasks: TaskQueue, detector: FailureDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter(range(0, 100, 25))
    monkeypatch.setattr(failure_detector, "seconds_since_boot", lambda: next(seconds))
    alive = Presence(rows.database, "alive")
    alive.enter(ENGINE_VERSION, 2)
    Presence(rows.database, "silent").enter(ANOTHER_VERSION, 2)
    task_id = rows.task()
    _take_up(rows, tasks, task_id, "silent", ANOTHER_VERSION)

    looks = [alive.beat() and detector.look() for _ in range(4)]

    assert looks == [[], [], [], [task_id]]


def test_a_run_that_another_one_has_followed_already_is_only_forgotten(
    rows: Rows, tasks: TaskQueue, detector: FailureDetector
) -> None:
    Presence(rows.database, "alive").enter(ENGINE_VERSION, 2)
    task_id = rows.task()
    _take_up(rows, tasks, task_id, "gone", ANOTHER_VERSION)
    rows.change(hand_overs.replace, task_id, 1)

    for _ in range(2):
        detector.look()

    assert rows.find(task_id).hand_over == 2
    assert tasks.under_way([task_id]) == set()


def test_whoever_has_to_wait_for_another_one_that_acts_looks_again_later(
    rows: Rows, detector: FailureDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failure_detector, "LOCK_MILLISECONDS", 10)

    with rows.database.write_alone(waiting.LOCK), pytest.raises(sa.exc.OperationalError):
        detector.look()

    assert detector.look() == []


def test_of_several_that_watch_one_acts(rows: Rows, tasks: TaskQueue) -> None:
    detectors = [FailureDetector(rows.database, tasks, timeout=60) for _ in range(3)]
    Presence(rows.database, "alive").enter(ENGINE_VERSION, 2)
    _give(rows, tasks, "t-1", "gone")

    looks = [detector.look() for _ in range(2) for detector in detectors]

    assert sorted(looks) == [[], [], [], [], [], ["t-1"]]
