"""Uploads that somebody else ends while a task sends them: it begins anew, once."""

from __future__ import annotations

import random
import threading
from typing import Any

import pytest

from imageferry.buckets.remote_upload import RemoteUpload
from imageferry.tasks.model import TaskStatus
from support.ferry import Ferry, guest_bytes
from support.interrupted import check_nothing_left
from support.rows import ON_SQLITE

pytestmark = ON_SQLITE
DISK = random.Random(9).randbytes(12 << 20)


@pytest.fixture
def image_id(in_s3: Ferry) -> str:
    """An image of one disk."""
    in_s3.bucket.put("disk.raw", [DISK])
    image_id, task_id = in_s3.import_image("disk.raw")
    assert in_s3.run(task_id).status is TaskStatus.FINISHED
    in_s3.bucket.delete("disk.raw")
    return image_id


class Ender:
    """Ends uploads, so many of them, right before a method of theirs does its work."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, method: str, times: int = 1) -> None:
        self.ended: set[str] = set()
        lock, original = threading.Lock(), getattr(RemoteUpload, method)

        def called(upload: RemoteUpload, *arguments: Any, **named: Any) -> Any:
            with lock:
                if upload.id not in self.ended and len(self.ended) < times:
                    self.ended.add(upload.id)
                    upload.abort()
            return original(upload, *arguments, **named)

        monkeypatch.setattr(RemoteUpload, method, called)


@pytest.mark.parametrize("method", ["write_bytes", "finish"])
def test_an_import_begins_anew(in_s3: Ferry, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    in_s3.bucket.put("disk.raw", [DISK])
    _, task_id = in_s3.import_image("disk.raw")
    ender = Ender(monkeypatch, method)

    assert in_s3.run(task_id).status is TaskStatus.FINISHED

    assert len(ender.ended) == 1
    assert in_s3.disk_bytes(in_s3.imported[0]) == DISK
    check_nothing_left(in_s3, task_id)


def test_an_export_begins_anew(
    in_s3: Ferry, image_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = in_s3.export_image(image_id, "qcow2")
    ender = Ender(monkeypatch, "write_bytes")

    assert in_s3.run(task_id).status is TaskStatus.FINISHED

    assert len(ender.ended) == 1
    with in_s3.bucket.open(in_s3.objects[0]) as reader:
        assert guest_bytes(reader.pread(0, reader.size), "qcow2") == DISK
    check_nothing_left(in_s3, task_id)


def test_a_copy_whose_second_upload_is_ended_too_fails_and_leaves_nothing(
    in_s3: Ferry, image_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = in_s3.imported
    _, task_id = in_s3.copy_image(image_id, "cn-beijing")
    ender = Ender(monkeypatch, "write_bytes", times=2)

    task = in_s3.run(task_id)

    assert (task.status, task.error_code) == (TaskStatus.FAILED, "OSSAccessFailed")
    assert "NoSuchUpload" in task.error_message
    assert len(ender.ended) == 2
    assert in_s3.imported == before
    check_nothing_left(in_s3, task_id)
