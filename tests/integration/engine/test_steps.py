"""Every step with real parts: what comes of it, also when it runs twice or the world changes."""

from __future__ import annotations

import errno
import gzip
import io
import itertools
import os
import random
import sqlite3
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from imageferry.buckets.folder_bucket import FolderBucket
from imageferry.database import connection as connections
from imageferry.database.connection import Database
from imageferry.engine import steps as engine_steps
from imageferry.engine.import_image import ImportImage
from imageferry.images import queries as images
from imageferry.images.model import ImageStatus
from imageferry.tasks import transitions
from imageferry.tasks.model import DiskStatus, TaskAction, TaskStatus
from support.ferry import BUCKET, Ferry, guest_bytes
from support.rows import Rows

MIB = 1 << 20
DISK = random.Random(1).randbytes(MIB) + bytes(MIB) + random.Random(2).randbytes(MIB)
DATA = bytes(MIB) + random.Random(3).randbytes(4096)


@pytest.fixture
def image_id(ferry: Ferry) -> str:
    """An image of two disks."""
    ferry.bucket.put("system.raw", [DISK])
    ferry.bucket.put("data.raw", [DATA])
    image_id, task_id = ferry.import_image("system.raw", "data.raw")
    assert ferry.run(task_id).status is TaskStatus.FINISHED
    return image_id


def test_an_import_ends_with_an_image_of_the_same_bytes(ferry: Ferry, image_id: str) -> None:
    image = ferry.rows.find_image(image_id)

    assert image is not None
    assert image.status is ImageStatus.AVAILABLE
    assert ferry.imported == [f"{image_id}-data-1.qcow2", f"{image_id}-system.qcow2"]
    assert [ferry.disk_bytes(image.key(disk)) for disk in image.disks] == [DISK, DATA]
    assert [found.status for found in ferry.rows.disks(image.task_id)] == [DiskStatus.SUCCESS] * 2
    assert (ferry.scratch, bool(ferry.leftovers)) == ([], False)


@pytest.mark.parametrize("image_format", ["raw", "vhd", "qcow2", "vmdk", "vdi"])
def test_an_export_ends_with_objects_of_the_same_bytes(
    ferry: Ferry, image_id: str, image_format: str
) -> None:
    task = ferry.run(ferry.export_image(image_id, image_format))

    assert (task.status, task.percent) == (TaskStatus.FINISHED, 100)
    drivers = {"vhd": "vpc"}
    for key, expected in zip(task.request["Objects"], (DISK, DATA), strict=True):
        with ferry.bucket.open(key) as reader:
            content = reader.pread(0, reader.size)
        if image_format == "raw":
            assert _only_member(content) == expected
        else:
            assert guest_bytes(content, drivers.get(image_format, image_format)) == expected
    assert (ferry.scratch, bool(ferry.leftovers)) == ([], False)


def _only_member(archive: bytes) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(archive))) as tar:
        (member,) = tar.getmembers()
        file = tar.extractfile(member)
        assert file is not None
        return file.read()


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


@pytest.mark.parametrize("repeated", ["convert", "pack"])
@pytest.mark.parametrize("image_format", ["raw", "qcow2"])
def test_a_step_of_an_export_may_run_again(
    ferry: Ferry, image_id: str, image_format: str, repeated: str
) -> None:
    task_id = ferry.export_image(image_id, image_format)
    for step in ("convert", "pack"):
        assert ferry.step(task_id, step)
        if step == repeated:
            assert ferry.step(task_id, step)
    assert ferry.step(task_id, "publish")

    assert not ferry.step(task_id, "publish")

    task = ferry.rows.find(task_id)
    assert task.status is TaskStatus.FINISHED
    assert set(task.request["Objects"]) <= set(ferry.objects)


def test_a_step_makes_again_what_another_machine_has(ferry: Ferry, image_id: str) -> None:
    ferry.bucket.put("moved.raw", [DISK])
    imported, import_id = ferry.import_image("moved.raw")
    export_id = ferry.export_image(image_id, "raw")
    assert ferry.step(import_id, "transfer")
    assert ferry.step(export_id, "convert")
    ferry.clean_up(import_id)
    ferry.clean_up(export_id)

    assert ferry.step(import_id, "publish")
    assert ferry.step(export_id, "publish")

    assert ferry.disk_bytes(f"{imported}-system.qcow2") == DISK
    assert set(ferry.rows.find(export_id).request["Objects"]) <= set(ferry.objects)


def _failure(ferry: Ferry, task_id: str) -> tuple[str, str]:
    """Carry a task out that is to fail and leave nothing; its error's code and message."""
    before = set(ferry.objects)
    task = ferry.run(task_id)
    assert task.status is TaskStatus.FAILED, task
    assert (ferry.scratch, bool(ferry.leftovers)) == ([], False)
    assert set(ferry.objects) <= before
    return task.error_code, task.error_message


def _import_failure(ferry: Ferry, image_id: str, task_id: str) -> tuple[str, str]:
    failure = _failure(ferry, task_id)
    image = ferry.rows.find_image(image_id)
    assert image is not None
    assert image.status is ImageStatus.CREATE_FAILED
    assert ferry.imported == []
    return failure


def test_an_object_that_changed_before_its_transfer_fails_the_import(ferry: Ferry) -> None:
    ferry.bucket.put("system.raw", [DISK])
    image_id, task_id = ferry.import_image("system.raw")
    ferry.bucket.put("system.raw", [DATA])

    code, message = _import_failure(ferry, image_id, task_id)

    assert code == "InvalidOSSObject.Changed"
    assert message.endswith("alone until its import is finished, then import it again.")
    (disk,) = ferry.rows.disks(task_id)
    assert (disk.status, disk.error_code, disk.error_message) == (DiskStatus.FAILED, code, message)


def test_an_object_that_changes_during_its_transfer_fails_the_import(
    ferry: Ferry, monkeypatch: pytest.MonkeyPatch
) -> None:
    ferry.bucket.put("system.raw", [DISK])
    image_id, task_id = ferry.import_image("system.raw")
    opened = FolderBucket.open

    def open_then_change(bucket: FolderBucket, key: str, **options: Any) -> Any:
        reader = opened(bucket, key, **options)
        bucket.put(key, [DATA])
        return reader

    with monkeypatch.context() as patch:
        patch.setattr(FolderBucket, "open", open_then_change)
        assert not ferry.step(task_id, "transfer")

    code, message = _ended_import_failure(ferry, image_id, task_id)
    assert code == "InvalidOSSObject.Changed"
    assert message.startswith("Object system.raw of bucket golden changed while it was imported. ")


def _ended_import_failure(ferry: Ferry, image_id: str, task_id: str) -> tuple[str, str]:
    ferry.clean_up(task_id)
    task = ferry.rows.find(task_id)
    image = ferry.rows.find_image(image_id)
    assert task.status is TaskStatus.FAILED
    assert image is not None
    assert image.status is ImageStatus.CREATE_FAILED
    assert (ferry.scratch, ferry.imported, bool(ferry.leftovers)) == ([], [], False)
    return task.error_code, task.error_message


def test_an_object_that_is_gone_fails_the_import(ferry: Ferry) -> None:
    ferry.bucket.put("system.raw", [DISK])
    image_id, task_id = ferry.import_image("system.raw")
    ferry.bucket.delete("system.raw")

    code, message = _import_failure(ferry, image_id, task_id)

    assert code == "InvalidOSSObject.NotFound"
    assert message == (
        "There is no object 'system.raw' in 'golden'. Upload the object, then import it again."
    )


def test_the_second_of_two_disks_fails_the_import_by_its_number(ferry: Ferry) -> None:
    ferry.bucket.put("system.raw", [DISK])
    ferry.bucket.put("data.raw", [DATA])
    image_id, task_id = ferry.import_image("system.raw", "data.raw")
    ferry.bucket.delete("data.raw")

    code, _ = _import_failure(ferry, image_id, task_id)

    assert ferry.rows.disks(task_id)[1].error_code == code == "InvalidOSSObject.NotFound"


@pytest.mark.parametrize("steps_before", [0, 1, 2])
def test_a_bucket_that_is_gone_fails_the_export(
    ferry: Ferry, image_id: str, steps_before: int
) -> None:
    task_id = ferry.export_image(image_id, "qcow2")
    for step in ("convert", "pack")[:steps_before]:
        assert ferry.step(task_id, step)
    for key in ferry.objects:
        ferry.bucket.delete(key)
    ferry.context.store.delete_bucket(BUCKET)

    assert ferry.run(task_id).status is TaskStatus.FAILED
    task = ferry.rows.find(task_id)
    assert task.error_code == "InvalidOSSBucket.NotFound"
    assert task.error_message.startswith("There is no bucket 'golden'. Make the bucket, ")
    assert ferry.scratch == []


def test_an_image_that_is_gone_fails_the_export(ferry: Ferry, rows: Rows) -> None:
    task_id = rows.task(
        TaskAction.EXPORT_IMAGE,
        resource_id="m-gone",
        request={
            "OSSBucket": BUCKET,
            "ImageFormat": "raw",
            "Objects": ["m-gone_system.raw.tar.gz"],
        },
    )

    code, message = _failure(ferry, task_id)

    assert code == "InvalidImageId.NotFound"
    assert "m-gone" in message


def _full(*_: object, **_options: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    ("owner", "call"), [(os, "fsync"), (os, "rename"), (os, "mkdir"), (FolderBucket, "adopt")]
)
def test_a_full_disk_fails_the_import_with_a_remedy(
    ferry: Ferry, monkeypatch: pytest.MonkeyPatch, owner: object, call: str
) -> None:
    ferry.bucket.put("system.raw", [DISK])
    image_id, task_id = ferry.import_image("system.raw")

    with monkeypatch.context() as patch:
        patch.setattr(owner, call, _full)
        for step in ("transfer", "verify", "publish"):
            if not ferry.step(task_id, step):
                break

    code, message = _ended_import_failure(ferry, image_id, task_id)
    assert code == "ConversionFailed.InsufficientSpace"
    assert "free space" in message


@pytest.mark.parametrize("image_format", ["raw", "qcow2"])
def test_a_full_disk_fails_the_export_with_a_remedy(
    ferry: Ferry, image_id: str, image_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ferry.objects
    task_id = ferry.export_image(image_id, image_format)

    with monkeypatch.context() as patch:
        patch.setattr(FolderBucket, "adopt", _full)
        task = ferry.run(task_id)

    assert (task.status, task.error_code) == (
        TaskStatus.FAILED,
        "ConversionFailed.InsufficientSpace",
    )
    assert (ferry.objects, ferry.scratch) == (before, [])


def test_an_unexpected_error_fails_the_import_and_names_where_to_look(
    ferry: Ferry, monkeypatch: pytest.MonkeyPatch
) -> None:
    ferry.bucket.put("system.raw", [DISK])
    image_id, task_id = ferry.import_image("system.raw")

    def break_off(*_: object, **_options: object) -> None:
        raise ZeroDivisionError("a mistake of ours")

    with monkeypatch.context() as patch:
        patch.setattr(ImportImage, "transfer", break_off)
        assert not ferry.step(task_id, "transfer")

    code, message = _ended_import_failure(ferry, image_id, task_id)
    assert code == "InternalError"
    assert task_id in message
    assert "a mistake of ours" not in message


def test_a_task_that_kills_its_workers_is_given_up(tmp_path: Path, rows: Rows) -> None:
    ferry = Ferry(tmp_path / "data", rows, max_attempts=2)
    ferry.bucket.put("system.raw", [DISK])
    image_id, task_id = ferry.import_image("system.raw")
    for worker in ("first", "second"):
        rows.change(transitions.claim, task_id, worker)

    code, message = _import_failure(ferry, image_id, task_id)

    assert code == "TooManyAttempts"
    assert message.startswith("The task was taken up 2 times, ")


def test_a_cancelled_import_is_not_begun(ferry: Ferry) -> None:
    ferry.bucket.put("system.raw", [DISK])
    image_id, task_id = ferry.import_image("system.raw")
    ferry.cancel(task_id)

    assert ferry.run(task_id).status is TaskStatus.DELETED

    assert ferry.rows.find_image(image_id) is None
    assert (ferry.imported, ferry.scratch) == ([], [])
    assert ferry.rows.find(task_id).attempt == 0


@pytest.mark.parametrize("action", TaskAction)
def test_what_another_worker_has_on_its_way_into_a_store_is_left_to_it(
    ferry: Ferry, monkeypatch: pytest.MonkeyPatch, action: TaskAction
) -> None:
    task_id = ferry.rows.claimed(
        "another worker", action=action, request={"OSSBucket": BUCKET, "Objects": []}
    )
    taken_back: list[str] = []
    monkeypatch.setattr(
        FolderBucket, "discard_staged", lambda _bucket, token: taken_back.append(token)
    )

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
