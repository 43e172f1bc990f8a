"""Workers, APIs and qemu-img are killed at random moments: every task ends once, and right."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa

from imageferry.database.connection import Database
from imageferry.tasks.model import TaskStatus
from imageferry.tasks.tables import tasks
from soak import verdict
from soak.chaos import programs
from soak.load import Load
from soak.seeds import repeatable
from support.cluster import Machine, Processes, cluster
from support.nursery import Nursery
from support.postgresql import PostgreSQLServer
from support.seaweedfs import S3Server
from support.service import until

KILLS = int(os.environ.get("SOAK_KILLS", "200"))

LONGEST_SECONDS = 0.4
"""How long a task goes on before the kill: what one of some MiB takes."""

SEEN_SECONDS = 120.0
END_SECONDS = 300.0

PREY = ("worker",) * 5 + ("API",) * 2 + ("qemu-img",) * 3
"""What is killed, of ten."""


@pytest.fixture
def machine(tmp_path: Path, quick: Nursery) -> Iterator[Processes]:
    """An API and a worker on SQLite and a folder."""
    running = Machine(
        folder=tmp_path, settings={"max_images": 10_000, "drain_seconds": 0}, launch=quick.launch
    )
    try:
        running.start_api()
        running.start_worker()
        yield running
    finally:
        running.end()


@pytest.fixture
def many(
    tmp_path: Path, postgresql: PostgreSQLServer, seaweedfs: S3Server, quick: Nursery
) -> Iterator[Processes]:
    """An API and three workers on PostgreSQL and S3."""
    with (
        postgresql.copy_of("template1") as url,
        cluster(
            tmp_path,
            url,
            seaweedfs,
            launch=quick.launch,
            lease_seconds=3,
            worker_timeout_seconds=4,
            max_images=10_000,
        ) as running,
    ):
        running.start_api()
        for _ in range(3):
            running.start_worker()
        yield running


class Hunt:
    """Kills processes of an installation while users ask it for something.

    Attributes:
        killed: What was killed, in order.

    Args:
        processes: The installation.
        load: Its users.
        chance: What decides.
    """

    def __init__(self, processes: Processes, load: Load, chance: random.Random) -> None:
        self.killed: list[str] = []
        self._processes = processes
        self._load = load
        self._chance = chance
        self._database = Database(processes.machines()[0].resolved_database_url)
        self._kinds: dict[str, Callable[[], None]] = {
            "worker": self._kill_worker,
            "API": self._kill_api,
            "qemu-img": self._kill_program,
        }

    def go_on(self) -> None:
        """Kill something at some moment of a task's work."""
        prey = self._chance.choice(PREY)
        until(self._is_busy, SEEN_SECONDS, "A task's work")
        time.sleep(self._chance.uniform(0, LONGEST_SECONDS))
        print(f"{prey} killed")  # noqa: T201 - what a failure may come from
        self._kinds[prey]()
        self.killed.append(prey)

    def end(self) -> None:
        """Kill nothing any more."""
        self._database.close()

    def _is_busy(self) -> bool:
        """Whether a task is under way; ask for another one."""
        self._load.go_on()
        under_way = sa.select(tasks.c.task_id).where(
            tasks.c.status == TaskStatus.PROCESSING.value, tasks.c.owner.is_not(None)
        )
        with self._database.read() as connection:
            return connection.execute(under_way).first() is not None

    def _kill_worker(self) -> None:
        worker = self._chance.choice(self._processes.workers)
        worker.signal(signal.SIGKILL)
        worker.wait()
        self._processes.restart_worker(worker)

    def _kill_api(self) -> None:
        self._processes.restart_api(self._chance.choice(self._processes.services))

    def _kill_program(self) -> None:
        program: psutil.Process = until(self._find_program, SEEN_SECONDS, "A qemu-img")
        with suppress(psutil.NoSuchProcess):
            program.kill()

    def _find_program(self) -> psutil.Process | None:
        self._load.go_on()
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            found = programs(self._processes)
            if found:
                return found[0]
        return None


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("installation", "kills"), [("machine", KILLS - KILLS // 10), ("many", KILLS // 10)]
)
def test_every_task_ends_once_and_right_whatever_is_killed_and_when(
    request: pytest.FixtureRequest, installation: str, kills: int
) -> None:
    processes: Processes = request.getfixturevalue(installation)
    with repeatable() as seed:
        chance = random.Random(seed)
        load = Load(processes, chance)
        hunt = Hunt(processes, load, chance)
        for _ in range(kills):
            hunt.go_on()
        hunt.end()
        load.wait(END_SECONDS)

        ended = verdict.judge(processes, load.disks)
    interrupted = sum(task.attempts - 1 for task in ended)
    print(f"{len(hunt.killed)} kills, {interrupted} of a task; {verdict.counted(ended)}")  # noqa: T201 - what it was about
    assert interrupted >= kills // 20
