"""What goes wrong in a soak: processes are killed or frozen, the database and the store fail."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import psutil

from support import faults
from support.cluster import Cluster, Processes, Worker
from support.faults import FaultyStore
from support.postgresql import PostgreSQLServer
from support.service import Service

ENDS = frozenset({75, -signal.SIGKILL})
"""How a worker may end: taken for dead by the others, or killed."""

PASSING = (faults.unavailable, faults.reset, faults.cut_short)


class Chaos:
    """Lets things go wrong, by chance.

    Attributes:
        done: What has gone wrong, in order.

    Args:
        cluster: The installation.
        database: Its PostgreSQL.
        store: What is between it and its object store.
        chance: What decides.
        lease_seconds: How long a worker may be frozen before others take its tasks.
    """

    def __init__(
        self,
        cluster: Cluster,
        database: PostgreSQLServer,
        store: FaultyStore,
        chance: random.Random,
        lease_seconds: float,
    ) -> None:
        self.done: list[str] = []
        self._cluster = cluster
        self._database = database
        self._store = store
        self._chance = chance
        self._lease = lease_seconds
        self._kinds: dict[str, Callable[[], None]] = {
            "worker killed": self._kill_worker,
            "worker frozen": self._freeze_worker,
            "API killed": self._kill_api,
            "API frozen": self._freeze_api,
            "qemu-img killed": self._kill_program,
            "database crashed": self._crash_database,
            "store failed": self._fail_store,
            "store silent": self._silence_store,
        }
        self._coming: list[str] = []

    def strike(self) -> None:
        """Let one thing go wrong: each kind as often as the others, in an order by chance."""
        if not self._coming:
            self._coming = sorted(self._kinds)
            self._chance.shuffle(self._coming)
        kind = self._coming.pop()
        print(kind)  # noqa: T201 - what a failure may come from
        self.done.append(kind)
        self._kinds[kind]()
        self.revive()

    def end(self) -> None:
        """Let nothing go wrong any more."""
        self._store.heal()
        self.revive()

    def revive(self) -> None:
        """Start workers again that have ended, as whoever watches over them does."""
        for worker in list(self._cluster.workers):
            status = worker.process.poll()
            if status is not None:
                assert status in ENDS, worker.log.read_text()
                self._store.heal()  # it could not start
                self._cluster.restart_worker(worker)

    def _pause(self, seconds: float) -> None:
        time.sleep(self._chance.uniform(0, seconds))

    def _worker(self) -> Worker:
        return self._chance.choice(self._cluster.workers)

    def _api(self) -> Service:
        return self._chance.choice(self._cluster.services)

    def _kill_worker(self) -> None:
        worker = self._worker()
        worker.signal(signal.SIGKILL)
        worker.wait()

    def _freeze_worker(self) -> None:
        worker = self._worker()
        worker.signal(signal.SIGSTOP)
        self._pause(2 * self._lease)
        worker.signal(signal.SIGCONT)

    def _kill_api(self) -> None:
        self._store.heal()  # it could not start
        self._cluster.restart_api(self._api())

    def _freeze_api(self) -> None:
        process = self._api().process
        process.send_signal(signal.SIGSTOP)
        self._pause(1)
        process.send_signal(signal.SIGCONT)

    def _kill_program(self) -> None:
        for program in programs(self._cluster)[:1]:
            with suppress(psutil.NoSuchProcess):
                program.kill()

    def _crash_database(self) -> None:
        with self._database.away():
            self._pause(2)

    def _fail_store(self) -> None:
        fault = self._chance.choice(PASSING)
        self._store.inject(fault, lambda _: True, times=self._chance.randint(1, 8))

    def _silence_store(self) -> None:
        self._store.inject(faults.stall, lambda asked: asked.is_range, times=2)
        self._pause(2)
        self._store.heal()


def programs(processes: Processes) -> list[psutil.Process]:
    """Every qemu-img that works for a task."""
    found: list[psutil.Process] = []
    for worker in processes.workers:
        with suppress(psutil.NoSuchProcess):
            children = psutil.Process(worker.process.pid).children(recursive=True)
            found += [child for child in children if _is_qemu_img(child)]
    return found


def _is_qemu_img(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(process.name() == "qemu-img")
    return False
