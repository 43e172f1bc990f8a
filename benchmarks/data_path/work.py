"""Where the data path is measured, and what is measured of one task."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.data_path.shaped_store import REMOTE, SOURCES, ShapedStore, shaped_store
from benchmarks.process_tree import ProcessTree
from benchmarks.watching import ScratchWatch
from support.service import Service, services

TASK_SECONDS = 1800.0

ASKED_SECONDS = 0.2
"""How often it is asked whether a task has finished: each answer takes the service some 2 ms of
processor time, which the task could have used."""


@dataclass(frozen=True)
class Workplace:
    """A service whose buckets are in a shaped store.

    Attributes:
        service: It.
        store: The store.
        folder: A folder for the files of the other ways.
        raw: The disk.
    """

    service: Service
    store: ShapedStore
    folder: Path
    raw: Path


@dataclass(frozen=True)
class TaskCost:
    """What one task took.

    Attributes:
        seconds: From the request to the moment at which it is told to be finished.
        cpu_seconds: Processor time of all processes of the service.
        peak_bytes: Their memory at its peak, summed; without qemu-img's.
        moved_bytes: What went over the store's network, either way.
        scratch_bytes: The most disk that was taken for files in the making.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    moved_bytes: int
    scratch_bytes: int


@contextmanager
def workplace(
    raw: Path, folder: Path, objects: Path, targets: dict[str, str]
) -> Iterator[Workplace]:
    """Start all.

    Args:
        raw: The disk.
        folder: Where everything keeps its files.
        objects: Where the objects to import lie.
        targets: Further buckets of the service, with the way to each.
    """
    with shaped_store(folder, objects) as store, services(folder) as start:
        backends = [f"{name}={store.bucket_url(REMOTE, way)}" for way, name in SOURCES.items()]
        backends += [f"{name}={store.bucket_url(name, way)}" for name, way in targets.items()]
        for name in (REMOTE, *targets):
            store.s3.client.create_bucket(Bucket=name)
        service = start(
            verify="structure",
            bucket_backends=",".join(backends),
            s3_access_key_id=store.s3.access_key_id,
            s3_access_key_secret=store.s3.access_key_secret,
        )
        for name in (*SOURCES.values(), *targets):
            service.make_bucket(name)
        yield Workplace(service, store, folder, raw)


def timed(work: Callable[[], None]) -> float:
    """The seconds that it takes, with nothing left to be written by what came before."""
    subprocess.run(["sync"], check=True)
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def measure_task(place: Workplace, begin: Callable[[], str]) -> TaskCost:
    """Begin a task and wait until it has finished.

    Raises:
        RuntimeError: it failed.
    """
    tree = ProcessTree.below(place.service.process.pid)
    before = place.store.moved()
    seconds = 0.0

    def work() -> None:
        nonlocal seconds
        seconds = timed(lambda: _finish(place.service, begin()))

    scratch = place.service.data_dir / "scratch"
    with ScratchWatch(place.service.process.pid, scratch) as watch:
        cost = tree.cost_of(work)
    moved = place.store.moved() - before
    return TaskCost(seconds, cost.cpu_seconds, cost.peak_bytes, moved, watch.peak_bytes)


def _finish(service: Service, task_id: str) -> None:
    task = service.wait_for(task_id, TASK_SECONDS, every=ASKED_SECONDS)
    if task["TaskStatus"] != "Finished":
        raise RuntimeError(f"The task did not finish: {task}")
