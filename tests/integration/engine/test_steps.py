"""Every step with real parts: what comes of it, also when it runs twice or the world changes."""

from __future__ import annotations

import itertools
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from imageferry.buckets.folder_bucket import FolderBucket, NoLeavings
from imageferry.database import connection as connections
from imageferry.database.connection import Database
from imageferry.engine import steps as engine_steps
from imageferry.engine.new_image import NewImage
from imageferry.images import queries as images
from imageferry.images.model import ImageDisk, ImageStatus
from imageferry.tasks import transitions
from imageferry.tasks.model import DiskStatus, TaskAction, TaskStatus
from support.disks import DATA, DISK
from support.ferry import BUCKET, Ferry
from support.rows import ON_BOTH


@ON_BOTH
def test_an_import_ends_with_an_image_of_the_same_bytes(ferry: Ferry, image_id: str) -> None:
    image = ferry.rows.find_image(image_id)

    assert image is not None
    assert image.status is ImageStatus.AVAILABLE
    assert ferry.imported == [f"{image_id}-data-1.qcow2", f"{image_id}-system.qcow2"]
    assert [ferry.disk_bytes(image.key(disk)) for disk in image.disks] == [DISK, DATA]
    assert [found.status for found in ferry.rows.disks(image.task_id)] == [DiskStatus.SUCCESS] * 2
    assert (ferry.scratch, bool(ferry.leftovers)) == ([], False)


@pytest.mark.parametrize("repeated", ["transfer", "verify"])
def test_a_step_of_an_import_may_run_again(ferry: Ferry, repeated: str) -> None:
    ferry.bucket.put("system.raw", [DISK])
    image_id, task_id = ferry.import_image("system.raw")
    for step in ("transfer", "verify"):
        assert ferry.step(task_id, step)
        if step == repeated:
            assert ferry.step(task_id, step)
    assert ferry.step(task_id, "publish")

    assert not ferry.step(task_id, "publish")

    assert ferry.rows.find(task_id).status is TaskStatus.FINISHED
    assert ferry.disk_bytes(f"{image_id}-system.qcow2") == DISK


@ON_BOTH
def test_an_export_is_done_once(ferry: Ferry, image_id: str) -> None:
    task_id = ferry.export_image(image_id, "qcow2")
    assert ferry.step(task_id, "transfer")
    objects = [ferry.bucket.head(key) for key in ferry.objects]

    assert not ferry.step(task_id, "transfer")

    assert ferry.rows.find(task_id).status is TaskStatus.FINISHED
    assert [ferry.bucket.head(key) for key in ferry.objects] == objects


@pytest.mark.parametrize("steps_before", [("transfer",), ("transfer", "verify")])
@pytest.mark.parametrize("step", ["verify", "publish"])
def test_a_step_makes_and_verifies_again_what_is_gone_from_the_catalogue(
    ferry: Ferry, monkeypatch: pytest.MonkeyPatch, steps_before: tuple[str, ...], step: str
) -> None:
    ferry.bucket.put("system.raw", [DISK])
    ferry.bucket.put("data.raw", [DATA])
    image_id, task_id = ferry.import_image("system.raw", "data.raw")
    for before in steps_before:
        assert ferry.step(task_id, before)
    ferry.catalogue.delete(f"{image_id}-data-1.qcow2")
    verified: list[str] = []

    async def note(self: NewImage, disk: ImageDisk) -> None:
        verified.append(self._image.key(disk))
        await verify_disk(self, disk)

    verify_disk = NewImage._verify_disk
    monkeypatch.setattr(NewImage, "_verify_disk", note)
    assert ferry.step(task_id, step)

    assert f"{image_id}-data-1.qcow2" in verified
    assert ferry.disk_bytes(f"{image_id}-data-1.qcow2") == DATA


@ON_BOTH
def test_a_cancelled_import_is_not_begun(ferry: Ferry) -> None:
    ferry.bucket.put("system.raw", [DISK])
    image_id, task_id = ferry.import_image("system.raw")
    ferry.cancel(task_id)

    assert ferry.run(task_id).status is TaskStatus.DELETED

    assert ferry.rows.find_image(image_id) is None
    assert (ferry.imported, ferry.scratch) == ([], [])
    assert ferry.rows.find(task_id).attempt == 0


@ON_BOTH
@pytest.mark.parametrize("action", TaskAction)
def test_what_another_worker_has_on_its_way_into_a_store_is_left_to_it(
    ferry: Ferry, monkeypatch: pytest.MonkeyPatch, action: TaskAction
) -> None:
    task_id = ferry.rows.claimed(
        "another worker", action=action, request={"OSSBucket": BUCKET, "Objects": []}
    )
    taken_back: list[str] = []

    def leavings(_bucket: FolderBucket, token: str) -> NoLeavings:
        taken_back.append(token)
        return NoLeavings()

    monkeypatch.setattr(FolderBucket, "leavings", leavings)

    ferry.clean_up(task_id)
    assert taken_back == []

    ferry.rows.change(transitions.fail, task_id, "Broken", "It broke.", owner="another worker")
    ferry.clean_up(task_id)
    assert taken_back == [task_id]


def test_a_task_that_is_not_there_is_left_alone(ferry: Ferry) -> None:
    assert not ferry.step("t-unknown", "transfer")
    ferry.clean_up("t-unknown")

    assert ferry.scratch == []


@pytest.mark.parametrize("ends", [TaskStatus.FINISHED, TaskStatus.FAILED])
@pytest.mark.parametrize("write", range(12))
def test_a_database_that_is_away_for_a_while_delays_a_task_and_never_loses_it(
    ferry: Ferry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: int, ends: TaskStatus
) -> None:
    monkeypatch.setattr(engine_steps, "DATABASE_PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(connections, "BUSY_TIMEOUT_MILLISECONDS", 50)
    ferry.rows.database.close()
    ferry.bucket.put("system.raw", [DISK])
    image_id, task_id = ferry.import_image("system.raw")
    if ends is TaskStatus.FAILED:
        ferry.bucket.delete("system.raw")

    with _locked_at(write, tmp_path / "imageferry.db", monkeypatch):
        task = ferry.run(task_id)

    assert task.status is ends
    image = ferry.rows.find_image(image_id)
    assert image is not None
    assert image.status.value == ("Available" if ends is TaskStatus.FINISHED else "CreateFailed")
    assert (ferry.scratch, bool(ferry.leftovers)) == ([], False)


@contextmanager
def _locked_at(number: int, path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let another process hold the database for a while from the write of that number on."""
    writes = itertools.count()
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    timer = threading.Timer(0.25, other.rollback)

    def lock_before(begin: Callable[[Database], Any]) -> Callable[[Database], Any]:
        def begin_locked(database: Database) -> Any:
            if next(writes) == number:
                other.execute("BEGIN IMMEDIATE")
                timer.start()
            return begin(database)

        return begin_locked

    with monkeypatch.context() as patch:
        for name in ("write", "write_relaxed"):
            patch.setattr(Database, name, lock_before(getattr(Database, name)))
        yield
    if timer.ident is not None:
        timer.join()
    other.close()


@ON_BOTH
def test_a_worker_follows_its_image_from_waiting_to_available(ferry: Ferry) -> None:
    ferry.bucket.put("system.raw", [DISK])
    image_id, task_id = ferry.import_image("system.raw")
    statuses = []
    for step in ("", "transfer", "verify", "publish"):
        if step:
            assert ferry.step(task_id, step)
        with ferry.rows.database.read() as connection:
            image = images.find(connection, image_id)
        assert image is not None
        statuses.append(image.status.value)

    assert statuses == ["Waiting", "Creating", "Creating", "Available"]
