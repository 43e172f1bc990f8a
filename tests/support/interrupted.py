"""Tasks whose worker dies, or loses its task, in the middle of a transfer."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from imageferry.buckets.folder_reader import FileReader
from imageferry.buckets.remote_reader import RemoteReader
from imageferry.engine.checkpoints import Saved
from imageferry.tasks import checkpoints, transitions
from support.dying_worker import INTERVAL, LEAST_DATA, dying_worker
from support.ferry import Ferry
from support.service import until

MIB = 1 << 20
DISK = random.Random(6).randbytes(12 * MIB) + bytes(4 * MIB) + random.Random(7).randbytes(24 * MIB)
"""A disk of which much can be moved before its worker dies."""

AFTER = 16 * MIB
"""How far a worker reads beyond where it goes on, before it dies."""

IN_THE_MIDDLE = 24 * MIB
"""Where on the disk something happens to its worker."""


def note_often(ferry: Ferry) -> None:
    """Note how far a transfer has come so often that small disks have many checkpoints."""
    ferry.context = replace(ferry.context, checkpoint_interval=INTERVAL)


def saved(ferry: Ferry, task_id: str) -> Saved | None:
    """The checkpoint of the task's disk."""
    with ferry.context.database.read() as connection:
        state = checkpoints.of(connection, task_id).get(1)
    return None if state is None else Saved.decoded(state)


def reads(monkeypatch: pytest.MonkeyPatch, key: str) -> list[tuple[int, int]]:
    """Where data of an object is read from now on, and how much."""
    places: list[tuple[int, int]] = []
    for kind in (FileReader, RemoteReader):
        pread: Any = kind.pread

        def read(reader: Any, offset: int, length: int, pread: Any = pread) -> bytes:
            if reader.info.key == key and length >= LEAST_DATA:
                places.append((offset, length))
            data: bytes = pread(reader, offset, length)
            return data

        monkeypatch.setattr(kind, "pread", read)
    return places


def kill_in_the_middle(ferry: Ferry, task_id: str, begun: int = 0) -> Saved:
    """Kill a worker once it has noted some of what it could read; what it noted."""
    with dying_worker(ferry, task_id, after=begun + AFTER) as worker:
        least = begun + INTERVAL.length

        def far_enough() -> Saved | None:
            found = saved(ferry, task_id)
            return found if found is not None and found.checkpoint.offset >= least else None

        until(far_enough, 120, "A checkpoint")
        worker.kill()
        worker.wait(60)
    left = saved(ferry, task_id)
    assert left is not None
    return left


def lose_in_the_middle(ferry: Ferry, task_id: str, monkeypatch: pytest.MonkeyPatch) -> Saved:
    """Let another worker take the task when some of it was noted, and die at once."""
    with in_the_middle(
        ferry,
        task_id,
        monkeypatch,
        lambda: ferry.rows.change(transitions.claim, task_id, "thief"),
    ):
        assert not ferry.step(task_id, "transfer")
    ferry.rows.change(transitions.let_go, task_id, "thief")
    left = saved(ferry, task_id)
    assert left is not None
    return left


@contextmanager
def in_the_middle(
    ferry: Ferry, task_id: str, monkeypatch: pytest.MonkeyPatch, happens: Callable[[], bool]
) -> Iterator[None]:
    """Let something happen when some of a transfer was noted, and more of it is read."""
    pread: Any = FileReader.pread
    taken, lock = threading.Event(), threading.Lock()

    def read(reader: FileReader, offset: int, length: int) -> bytes:
        with lock:
            if offset >= IN_THE_MIDDLE and length >= LEAST_DATA and not taken.is_set():
                until(lambda: saved(ferry, task_id), 60, "A checkpoint")
                assert happens()
                taken.set()
        data: bytes = pread(reader, offset, length)
        return data

    with monkeypatch.context() as patch:
        patch.setattr(FileReader, "pread", read)
        yield
    assert taken.is_set()


def continued(ferry: Ferry, task_id: str) -> list[str]:
    """How the task's transfers went on."""
    return [event.detail for event in ferry.rows.events(task_id) if event.event == "continued"]


def check_nothing_left(ferry: Ferry, task_id: str) -> None:
    """Make sure that a task has left nothing but its result."""
    folder = ferry.context.scratch.parent
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    assert list(ferry.catalogue.uploads()) == list(ferry.bucket.uploads()) == []
    assert not ferry.leftovers
    with ferry.context.database.read() as connection:
        assert checkpoints.of(connection, task_id) == {}
