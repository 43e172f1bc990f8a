"""An older and a newer version of the service at work side by side: tasks end once, and right.

The newer one is this version with what a next one may change; see :mod:`support.next_version`.
"""

from __future__ import annotations

import random
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from imageferry.database import schema
from imageferry.database.connection import Database
from imageferry.engine.queue import ENGINE_VERSION
from soak import verdict
from soak.load import BUCKET, Load
from soak.seeds import repeatable
from support.cluster import Cluster, Machine, Processes, Worker, cluster
from support.next_version import NextVersion, next_version
from support.nursery import Nursery
from support.postgresql import PostgreSQLServer
from support.seaweedfs import S3Server
from support.service import PATIENCE, Service, environment, until

LEASE_SECONDS = 6
TIMEOUT_SECONDS = 8
BYTES_PER_SECOND = 16 << 20
"""So slow that a worker can be killed in the middle of the large disk's transfer."""

LARGE, LARGE_SIZE = "large.raw", 16 << 20
END_SECONDS = 300.0
IN_LINE = "SELECT task_id FROM tasks WHERE queued AND status = 'Waiting'"
ASKED = 6
"""What users ask for while one version is at work, and while both are."""


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NextVersion]:
    with next_version(tmp_path_factory.mktemp("newer")) as version:
        yield version


@pytest.fixture
def many(
    tmp_path: Path, postgresql: PostgreSQLServer, seaweedfs: S3Server, quick: Nursery
) -> Iterator[Cluster]:
    """An older API and two older workers on PostgreSQL and S3."""
    with (
        postgresql.copy_of("template1") as url,
        cluster(
            tmp_path,
            url,
            seaweedfs,
            launch=quick.launch,
            lease_seconds=LEASE_SECONDS,
            worker_timeout_seconds=TIMEOUT_SECONDS,
            worker_slots=2,
            worker_bytes_per_second=BYTES_PER_SECOND,
        ) as running,
    ):
        _together(running.start_api, running.start_worker, running.start_worker)
        yield running


@pytest.fixture
def machine(tmp_path: Path, quick: Nursery) -> Iterator[Processes]:
    """An older API and an older worker on SQLite and a folder."""
    settings = {"worker_slots": 2, "worker_bytes_per_second": BYTES_PER_SECOND}
    running = Machine(folder=tmp_path, settings=settings, launch=quick.launch)
    try:
        running.start_api()
        running.start_worker()
        yield running
    finally:
        running.end()


def _together(*starts: Callable[[], object]) -> None:
    """Start processes at the same time."""
    with ThreadPoolExecutor(len(starts)) as threads:
        for started in [threads.submit(start) for start in starts]:
            started.result()


@dataclass(frozen=True)
class Work:
    """A task whose bytes are on their way.

    Attributes:
        task_id: The task.
        executor: The name of the worker that has it.
        attempt: How many have had it.
    """

    task_id: str
    executor: str
    attempt: int


class Rows:
    """What the rows of an installation say, whichever version has written them.

    Args:
        processes: The installation.
    """

    def __init__(self, processes: Processes) -> None:
        self._database = Database(processes.machines()[0].resolved_database_url)
        self._runs = "workflow_status" if self._database.is_sqlite else "dbos.workflow_status"

    def at_work(self, steps: str) -> list[Work]:
        """The tasks that workers of a version of the steps transfer."""
        return [
            Work(row.task_id, row.executor_id, row.attempt)
            for row in self._all(
                "SELECT t.task_id, w.executor_id, t.attempt"
                f" FROM tasks t JOIN {self._runs} w ON w.workflow_uuid LIKE t.task_id || '%'"
                " WHERE w.status = 'PENDING' AND w.application_version = :steps"
                " AND t.status = 'Processing' AND t.phase = 'transfer' AND t.owner IS NOT NULL"
                " AND t.bytes_done > 0 AND t.bytes_total = :large",
                steps=steps,
                large=LARGE_SIZE,
            )
        ]

    def task(self, task_id: str) -> sa.Row[tuple[object, ...]]:
        """A task, and the version of the steps that were given it last."""
        (row,) = self._all(
            "SELECT t.status, t.attempt, t.parked, (SELECT w.application_version"
            f" FROM {self._runs} w WHERE w.workflow_uuid LIKE t.task_id || '%'"
            " ORDER BY w.created_at DESC LIMIT 1) AS steps FROM tasks t WHERE t.task_id = :task_id",
            task_id=task_id,
        )
        return row

    def first_column(self, statement: str) -> list[object]:
        """The first column of what a statement gives."""
        return [row[0] for row in self._all(statement)]

    def _all(self, statement: str, **values: object) -> list[sa.Row[tuple[object, ...]]]:
        with self._database.read() as connection:
            return list(connection.execute(sa.text(statement), values).all())

    def close(self) -> None:
        """Close the database's connections."""
        self._database.close()


def _caught(processes: Processes, rows: Rows, api: Service, steps: str) -> tuple[Work, Worker]:
    """A worker that is frozen in the middle of a large disk's transfer, and what it was at.

    Disks are imported until there is one.

    Args:
        processes: The installation.
        rows: Its rows.
        api: What is asked to import.
        steps: The version of the worker's steps.
    """

    def caught() -> tuple[Work, Worker] | None:
        working = rows.at_work(steps)
        if not working and not rows.first_column(IN_LINE):
            api.import_image(BUCKET, LARGE, Description=LARGE)
        for work in working:
            worker = _worker_of(processes, work)
            worker.signal(signal.SIGSTOP)
            if work in rows.at_work(steps):
                return work, worker
            worker.signal(signal.SIGCONT)
        return None

    found: tuple[Work, Worker] = until(caught, PATIENCE, f"Work of the steps {steps}")
    return found


def _tell_a_phase_of_the_newer(rows: Rows, older: Service, load: Load) -> None:
    """Wait until the older API tells a task in a phase that only the newer version has."""

    def told() -> bool:
        load.go_on()
        found = rows.first_column("SELECT task_id FROM tasks WHERE phase = 'weigh'")
        return any(older.task(str(task))["TaskProgress"]["Phase"] == "weigh" for task in found)

    until(told, PATIENCE, "A task in the phase of the newer version")


def _worker_of(processes: Processes, work: Work) -> Worker:
    """The worker that has a task: one of many by its process id, else the only one."""
    if len(processes.workers) == 1:
        return processes.workers[0]
    (found,) = (
        worker for worker in processes.workers if f"-{worker.process.pid}-" in work.executor
    )
    return found


def _taken_up_again(rows: Rows, work: Work) -> str:
    """Wait until another worker has a task, and return the version of its steps."""
    until(lambda: rows.task(work.task_id).attempt > work.attempt, PATIENCE, "Another attempt")
    return str(rows.task(work.task_id).steps)


def _paused(load: Load, rows: Rows, api: Service, other: Service) -> str:
    """Import a large disk by one API, and pause that by another as soon as a worker is at it."""
    _, task_id = api.import_image(BUCKET, LARGE, Description=LARGE)
    load.spared.add(task_id)
    until(lambda: rows.task(task_id).status == "Processing", PATIENCE, "The import")
    other.call("PauseTask", TaskId=task_id)
    until(lambda: rows.task(task_id).parked, PATIENCE, "The end of its worker's work")
    return task_id


def _work_together(one: Service, other: Service) -> None:
    """Let each of two APIs tell and change what the other was asked for."""
    for first, second in ((one, other), (other, one)):
        _, cancelled = first.import_image(BUCKET, LARGE, Description=LARGE)
        second.call("CancelTask", TaskId=cancelled)
        assert first.task(cancelled)["TaskStatus"] == "Deleted"
        _, paused = first.import_image(BUCKET, LARGE, Description=LARGE)
        second.call("PauseTask", TaskId=paused)
        assert first.task(paused)["TaskStatus"] == "Paused"
        first.call("ResumeTask", TaskId=paused)
        assert second.task(paused)["TaskStatus"] != "Paused"
    assert _listed(one) == _listed(other)


def _listed(api: Service) -> list[str]:
    newest = api.call("DescribeTasks", PageSize=100)["TaskSet"]["Task"]
    return [task["TaskId"] for task in newest]


def _assert_refused(processes: Processes, launch: Nursery, arguments: tuple[str, ...]) -> None:
    """An older process does not start on the newer database, and says what to do."""
    data_dir = processes.folder.with_name(f"{processes.folder.name}-refused")
    database_url = processes.machines()[0].resolved_database_url
    settings = {**processes.settings, "database_url": database_url}
    log = data_dir.with_suffix(f".{arguments[0]}.log")
    refused = launch.launch(arguments, environment(data_dir, settings), log)
    assert refused.wait(PATIENCE) not in {0, None}
    assert "install the newer imageferry on this machine too" in log.read_text()
    assert "Traceback" not in log.read_text()


def _judge(
    processes: Processes, load: Load, newer: NextVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every task has ended once and right, and the doctor of the newer version finds nothing."""
    monkeypatch.setattr(schema, "MIGRATIONS", newer.migrations)
    ended = verdict.judge(processes, load.disks)
    newer.run(["doctor"], environment(processes.machines()[-1].data_dir, processes.settings))
    print(verdict.counted(ended))  # noqa: T201 - what it was about


@pytest.mark.timeout(600)
def test_a_newer_version_takes_the_place_of_an_older_one_while_both_are_at_work(
    many: Cluster, newer: NextVersion, quick: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    with repeatable() as seed, closing(Rows(many)) as rows:
        load = Load(many, random.Random(seed), {LARGE: random.Random(seed).randbytes(LARGE_SIZE)})
        older, olds = many.services[0], list(many.workers)
        paused = _paused(load, rows, older, older)
        for _ in range(ASKED):
            load.go_on()

        many.launch = newer.launch
        _together(many.start_api, many.start_worker, many.start_worker)
        young = many.services[1]
        assert rows.first_column("SELECT version_num FROM alembic_version") == [
            f"{int(schema.newest()) + 1:04}"
        ]
        _work_together(older, young)
        paused_young = _paused(load, rows, young, older)
        for _ in range(ASKED):
            load.go_on()

        # Each version goes on with its own tasks while it has a worker.
        of_newer, killed = _caught(many, rows, older, newer.steps)
        killed.end()
        of_older, gone = _caught(many, rows, young, ENGINE_VERSION)
        gone.end()
        many.restart_worker(killed)
        assert _taken_up_again(rows, of_newer) == newer.steps
        assert _taken_up_again(rows, of_older) == ENGINE_VERSION
        _tell_a_phase_of_the_newer(rows, older, load)

        # The newer one has no worker left for a while.
        work, _ = _caught(many, rows, older, newer.steps)
        news = [worker for worker in many.workers if worker not in olds]
        for worker in news:
            worker.end()
        assert _taken_up_again(rows, work) == ENGINE_VERSION
        for worker in news:
            many.restart_worker(worker)

        # The older one goes, in the middle of its tasks.
        older.call("ResumeTask", TaskId=paused_young)
        work, _ = _caught(many, rows, young, ENGINE_VERSION)
        for worker in olds:
            worker.end()
        many.services.remove(older)
        older.stop()
        for worker in olds:
            many.restart_worker(worker)
        young.call("ResumeTask", TaskId=paused)
        assert _taken_up_again(rows, work) == newer.steps
        load.wait(END_SECONDS)
        assert {young.task(task)["TaskStatus"] for task in (paused, paused_young)} == {"Finished"}

        _assert_refused(many, quick, ("worker", "--with-parent"))
        _assert_refused(many, quick, ("serve", "--with-parent", "--no-worker"))
        _judge(many, load, newer, monkeypatch)


@pytest.mark.timeout(600)
def test_a_newer_version_takes_the_place_of_an_older_one_on_one_machine(
    machine: Processes, newer: NextVersion, quick: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    with repeatable() as seed, closing(Rows(machine)) as rows:
        load = Load(
            machine, random.Random(seed), {LARGE: random.Random(seed).randbytes(LARGE_SIZE)}
        )
        older, old = machine.services[0], machine.workers[0]
        paused = _paused(load, rows, older, older)
        machine.launch = newer.launch
        young = machine.start_api()
        for _ in range(ASKED):
            load.go_on()
        _work_together(older, young)
        work, _ = _caught(machine, rows, young, ENGINE_VERSION)
        old.end()
        machine.restart_worker(old)
        young.call("ResumeTask", TaskId=paused)
        assert _taken_up_again(rows, work) == newer.steps
        for _ in range(ASKED):
            load.go_on()
        machine.services.remove(older)
        older.stop()
        load.wait(END_SECONDS)
        assert young.task(paused)["TaskStatus"] == "Finished"
        _assert_refused(machine, quick, ("worker", "--with-parent"))
        _judge(machine, load, newer, monkeypatch)
