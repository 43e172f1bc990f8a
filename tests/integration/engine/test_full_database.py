"""SQLite's disk is full in the midst of a task: it waits, and goes on when there is room."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from imageferry.engine import steps
from imageferry.tasks.model import TaskStatus
from support.disks import DISK
from support.ferry import Ferry
from support.rows import ON_SQLITE
from support.service import until

pytestmark = ON_SQLITE
ROOMY = 1 << 30
FULL = 1
"""Pages of the database; it is not made smaller than it is."""


class Disk:
    """What is below the database: lets it grow to so many pages, as SQLite counts them.

    Attributes:
        pages: How many.
        refusals: What SQLite said of writes that found no room.
    """

    def __init__(self) -> None:
        self.pages = ROOMY
        self.refusals: list[str] = []

    def checked_out(self, connection: Any, *_: object) -> None:
        """Apply the limit to whoever is about to use a connection."""
        connection.execute(f"PRAGMA max_page_count={self.pages}").fetchall()

    def failed(self, context: sa.engine.ExceptionContext) -> None:
        """Note what is said."""
        self.refusals.append(str(context.original_exception))


@pytest.fixture
def disk() -> Iterator[Disk]:
    disk = Disk()
    event.listen(sa.pool.Pool, "checkout", disk.checked_out)
    event.listen(sa.Engine, "handle_error", disk.failed)
    yield disk
    event.remove(sa.pool.Pool, "checkout", disk.checked_out)
    event.remove(sa.Engine, "handle_error", disk.failed)


def _fill(path: Path, task_id: str) -> None:
    """Write events until not even the shortest has room."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA max_page_count={FULL}").fetchall()
        for length in (1000, 100, 10, 0):
            with suppress(sqlite3.OperationalError):
                while True:
                    connection.execute(
                        "INSERT INTO task_events (task_id, time, event, detail)"
                        " SELECT task_id, created, 'noise', ? FROM tasks WHERE task_id = ?",
                        ("x" * length, task_id),
                    )


def test_a_task_waits_for_room_in_the_database(
    ferry: Ferry, disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "DATABASE_PAUSE_SECONDS", 0.05)
    ferry.bucket.put("disk.raw", [DISK])
    image_id, task_id = ferry.import_image("disk.raw")
    _fill(tmp_path / "imageferry.db", task_id)
    disk.pages = FULL
    work = threading.Thread(target=ferry.run, args=(task_id,))
    work.start()
    until(lambda: len(disk.refusals) >= 3, 60, "The third refusal")
    assert not ferry.rows.find(task_id).status.ended

    disk.pages = ROOMY
    work.join(60)

    assert {"database or disk is full"} == set(disk.refusals)
    assert ferry.rows.find(task_id).status is TaskStatus.FINISHED
    assert ferry.disk_bytes(f"{image_id}-system.qcow2") == DISK
    assert (ferry.scratch, bool(ferry.leftovers)) == ([], False)
