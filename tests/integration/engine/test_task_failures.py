"""Tasks that fail: by which code, with which words, and what they leave."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from imageferry.buckets.folder_bucket import FolderBucket
from imageferry.engine.import_image import ImportImage
from imageferry.images.model import ImageStatus
from imageferry.tasks import transitions
from imageferry.tasks.model import DiskStatus, TaskAction, TaskStatus
from support.disks import DATA, DISK
from support.ferry import BUCKET, Ferry
from support.rows import Rows


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


def test_a_bucket_that_is_gone_fails_the_export(ferry: Ferry, image_id: str) -> None:
    task_id = ferry.export_image(image_id, "qcow2")
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
    ("owner", "call"),
    [(os, "pwrite"), (os, "fsync"), (os, "link"), (os, "mkdir"), (FolderBucket, "adopt")],
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
@pytest.mark.parametrize(
    "failing", [(os, "pwrite"), (os, "fsync"), (os, "replace"), (FolderBucket, "adopt")]
)
def test_a_full_disk_fails_the_export_with_a_remedy(
    ferry: Ferry,
    image_id: str,
    monkeypatch: pytest.MonkeyPatch,
    failing: tuple[object, str],
    image_format: str,
) -> None:
    before = ferry.objects
    task_id = ferry.export_image(image_id, image_format)

    with monkeypatch.context() as patch:
        patch.setattr(*failing, _full)
        assert not ferry.step(task_id, "transfer")

    ferry.clean_up(task_id)
    task = ferry.rows.find(task_id)
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
