"""A worker in a process of its own that stops in the middle of a transfer, to be killed there.

It carries out the first step of a task. What lies behind a place of the source is never read for
it: the process stays until it is killed.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import pickle
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from imageferry.buckets.folder_reader import FileReader
from imageferry.buckets.open import open_buckets, open_images
from imageferry.buckets.remote_reader import RemoteReader
from imageferry.database.connection import Database
from imageferry.engine.checkpoints import Interval
from imageferry.engine.context import WorkerContext
from imageferry.engine.steps import Steps
from imageferry.images.catalogue import open_catalogue
from imageferry.imaging.qemu_img import QemuImg
from imageferry.settings import Settings
from support.ferry import Ferry
from support.nursery import Nursery
from support.rows import REGION
from support.service import Process

INTERVAL = Interval(length=4 << 20)
"""So often that small disks have many checkpoints."""

LEAST_DATA = 2 << 20
"""Reads that are shorter look into an image's tables, or only hash it."""


@cache
def _quick() -> Nursery:
    """What starts them in a moment: tests kill many."""
    started = Nursery()
    atexit.register(started.end)
    return started


@contextmanager
def dying_worker(
    ferry: Ferry, task_id: str, *, after: int, interval: Interval = INTERVAL
) -> Iterator[Process]:
    """A process that reads up to a place for a task of an installation and then stands still."""
    with process_of(ferry, "support.dying_worker", task_id, after, interval) as process:
        yield process


@contextmanager
def process_of(ferry: Ferry, module: str, *told: object) -> Iterator[Process]:
    """A process that runs a module's ``main`` for an installation, and is told more."""
    settings = replace(ferry.context.settings, database_url=ferry.context.database.text_url)
    path = settings.data_dir / f"{module}.told"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps((settings, *told)))
    process = _quick().launch([str(path)], os.environ, path.with_suffix(".log"), module=module)
    try:
        yield process
    finally:
        process.kill()
        process.wait(60)


def end_with_nursery() -> None:
    """End this process when nobody is left to kill it: its input ends with the nursery."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


def stop_reading(after: int) -> None:
    """Let no data behind a place be read from now on, in whatever order threads read."""
    kinds: tuple[Any, ...] = (FileReader, RemoteReader)
    for kind in kinds:
        pread = kind.pread

        def read(reader: Any, offset: int, length: int, pread: Any = pread) -> bytes:
            if length >= LEAST_DATA and offset + length > after:
                threading.Event().wait()
            data: bytes = pread(reader, offset, length)
            return data

        kind.pread = read


def main() -> None:
    """Carry the first step of a task out."""
    # With more processors there would be more threads, and more blocks before the first is noted.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    settings, task_id, after, interval = pickle.loads(Path(sys.argv[1]).read_bytes())
    threading.Thread(target=end_with_nursery, daemon=True).start()
    stop_reading(after)
    asyncio.run(Steps(opened(settings, interval)).run(task_id, "transfer"))


def opened(settings: Settings, interval: Interval) -> WorkerContext:
    """What a worker of an installation has to work with."""
    images = open_images(settings)
    return WorkerContext(
        settings=settings,
        database=Database(settings.database_url),
        store=open_buckets(settings),
        image_store=images,
        catalogue=open_catalogue(images, REGION),
        scratch=settings.data_dir / "scratch" / "embedded",
        qemu_img=QemuImg.find(),
        checkpoint_interval=interval,
    )
