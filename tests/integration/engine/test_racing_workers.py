"""Workers that want the same task at the same moment: one of them carries it out, once."""

from __future__ import annotations

import copy
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace

import pytest

from imageferry.engine import queue
from imageferry.engine.import_image import ImportImage
from imageferry.engine.queue import TaskQueue
from imageferry.engine.uptake import Uptake
from imageferry.images import queries as images
from imageferry.images.model import ImageStatus, catalogue_key
from imageferry.settings import Settings
from imageferry.tasks.model import TaskStatus
from support.disks import DISK
from support.ferry import Ferry
from support.rows import ON_BOTH

pytestmark = ON_BOTH
WORKERS = 4
RACES = 12


class Racer:
    """One of several workers of an installation.

    Args:
        ferry: The installation.
        tasks: The worker's own connections to the engine's queues.
        number: The worker.
        start: Lets all of them begin at the same moment.
    """

    def __init__(
        self, ferry: Ferry, tasks: TaskQueue, number: int, start: threading.Barrier
    ) -> None:
        self.name = f"worker{number}"
        self.ferry = copy.copy(ferry)
        self.ferry.context = replace(
            ferry.context, scratch=ferry.context.scratch.with_name(self.name)
        )
        self._uptake = Uptake(ferry.rows.database, tasks, self.name, Settings(worker_slots=64))
        self._start = start

    def take_up(self) -> list[str]:
        """Take up what waits, and carry it out."""
        self._start.wait()
        taken = list(self._uptake.look())
        for task_id in taken:
            self.ferry.run(task_id)
        return taken

    def carry_out(self, task_id: str) -> None:
        """Carry out a task, whoever else does."""
        self._start.wait()
        self.ferry.run(task_id)


@pytest.fixture
def racers(ferry: Ferry) -> Iterator[list[Racer]]:
    queue.prepare(ferry.rows.database)
    ferry.bucket.put("disk.raw", [DISK])
    start = threading.Barrier(WORKERS)
    with ExitStack() as stack:
        yield [
            Racer(
                ferry, stack.enter_context(closing(TaskQueue(ferry.rows.database))), number, start
            )
            for number in range(WORKERS)
        ]


@pytest.fixture
def effects(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often bytes were moved for each task, and how often each image was published."""
    counted: Counter[str] = Counter()
    transfer, set_status = ImportImage.transfer, images.set_status

    async def transferring(work: ImportImage) -> None:
        counted[work._ownership.task.task_id] += 1
        await transfer(work)

    def publishing(connection: object, image_id: str, status: ImageStatus) -> None:
        set_status(connection, image_id, status)  # type: ignore[arg-type]
        counted[image_id] += status is ImageStatus.AVAILABLE

    monkeypatch.setattr(ImportImage, "transfer", transferring)
    monkeypatch.setattr(images, "set_status", publishing)
    return counted


def _check(ferry: Ferry, image_id: str, task_id: str) -> None:
    """Make sure that a task was finished once, and that its image is right."""
    task, image = ferry.rows.find(task_id), ferry.rows.find_image(image_id)
    assert image is not None
    assert (task.status, image.status) == (TaskStatus.FINISHED, ImageStatus.AVAILABLE)
    assert [event.event for event in ferry.rows.events(task_id)].count("finished") == 1
    assert ferry.disk_bytes(catalogue_key(image_id, 1)) == DISK


def test_of_workers_that_look_at_the_same_moment_one_gets_the_task(
    ferry: Ferry, racers: list[Racer], effects: Counter[str]
) -> None:
    with ThreadPoolExecutor(WORKERS) as threads:
        for _ in range(RACES):
            image_id, task_id = ferry.import_image("disk.raw")

            taken = list(threads.map(Racer.take_up, racers))

            assert sorted(taken) == [[]] * (WORKERS - 1) + [[task_id]]
            assert (effects[task_id], effects[image_id]) == (1, 1)
            assert ferry.rows.find(task_id).attempt == 1
            _check(ferry, image_id, task_id)
    assert (ferry.scratch, bool(ferry.leftovers)) == ([], False)


def test_of_workers_that_all_carry_a_task_out_one_publishes_its_image(
    ferry: Ferry, racers: list[Racer], effects: Counter[str]
) -> None:
    with ThreadPoolExecutor(WORKERS) as threads:
        for _ in range(RACES // 4):
            image_id, task_id = ferry.import_image("disk.raw")

            list(
                threads.map(lambda racer, task: racer.carry_out(task), racers, [task_id] * WORKERS)
            )

            assert effects[image_id] == 1
            _check(ferry, image_id, task_id)
    assert sorted(ferry.imported) == sorted(set(ferry.imported))
    assert (ferry.scratch, bool(ferry.leftovers)) == ([], False)
