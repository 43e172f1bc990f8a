"""Objects that change while they are imported: no image is made of two versions."""

from __future__ import annotations

import os
import random
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imageferry.buckets.folder_reader import FileReader
from imageferry.buckets.remote_reader import RemoteReader
from imageferry.buckets.s3 import S3Client
from imageferry.imaging.source import CHUNK_SIZE
from imageferry.tasks.model import TaskStatus
from support.ferry import Ferry

MIB = 1 << 20
KEY = "system.raw"
DISK = random.Random(4).randbytes(4 * CHUNK_SIZE)
REPLACED = random.Random(5).randbytes(4 * CHUNK_SIZE)


def before_reading(
    monkeypatch: pytest.MonkeyPatch,
    kind: type[FileReader | RemoteReader],
    change: Callable[[], object],
    place: tuple[int, int] = (2 * CHUNK_SIZE, CHUNK_SIZE),
) -> None:
    """Let something happen once, when a place is read: by default a transfer's third chunk."""
    pread: Any = kind.pread
    lock, changed = threading.Lock(), threading.Event()

    def read(reader: FileReader | RemoteReader, offset: int, length: int) -> bytes:
        if (offset, length) == place and reader.info.key.endswith(KEY):
            with lock:
                if not changed.is_set():
                    changed.set()
                    change()
        data: bytes = pread(reader, offset, length)
        return data

    monkeypatch.setattr(kind, "pread", read)


def check_ended(ferry: Ferry, task_id: str) -> None:
    """Make sure that the import fails for the change, and leaves nothing."""
    task = ferry.run(task_id)

    assert (task.status, task.error_code) == (TaskStatus.FAILED, "InvalidOSSObject.Changed")
    assert "Leave the object alone until its import is finished" in task.error_message
    assert (ferry.imported, ferry.scratch, bool(ferry.leftovers)) == ([], [], False)


def test_an_object_that_is_replaced_in_s3(
    in_s3: Ferry, s3: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_s3.bucket.put(KEY, [DISK])
    _, task_id = in_s3.import_image(KEY)
    before_reading(monkeypatch, RemoteReader, lambda: in_s3.bucket.put(KEY, [REPLACED]))

    check_ended(in_s3, task_id)

    assert list(s3.uploads("")) == []


def test_an_object_that_is_replaced_in_a_folder(
    ferry: Ferry, monkeypatch: pytest.MonkeyPatch
) -> None:
    ferry.bucket.put(KEY, [DISK])
    _, task_id = ferry.import_image(KEY)
    before_reading(monkeypatch, FileReader, lambda: ferry.bucket.put(KEY, [REPLACED]))

    check_ended(ferry, task_id)


def test_an_object_that_is_deleted_in_a_folder(
    ferry: Ferry, monkeypatch: pytest.MonkeyPatch
) -> None:
    ferry.bucket.put(KEY, [DISK])
    _, task_id = ferry.import_image(KEY)
    before_reading(monkeypatch, FileReader, lambda: ferry.bucket.delete(KEY))

    check_ended(ferry, task_id)


def test_an_end_that_only_the_hash_reads_is_cut_off(
    ferry: Ferry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", empty, "1M"], check=True)
    image = empty.read_bytes().ljust(MIB, b"\0")
    ferry.bucket.put(KEY, [image + DISK])
    (path,) = (tmp_path / "data/buckets").rglob(KEY)
    _, task_id = ferry.import_image(KEY)
    end = len(image) + MIB
    before_reading(monkeypatch, FileReader, lambda: os.truncate(path, end), place=(end, MIB))

    task = ferry.run(task_id)

    assert (task.status, task.error_code) == (TaskStatus.FAILED, "SourceReadFailed")
    assert f"ended early, at byte {end}." in task.error_message
    assert (ferry.imported, ferry.scratch, bool(ferry.leftovers)) == ([], [], False)


def test_an_object_that_is_replaced_before_its_import_begins(in_s3: Ferry) -> None:
    in_s3.bucket.put(KEY, [DISK])
    _, task_id = in_s3.import_image(KEY)
    in_s3.bucket.put(KEY, [REPLACED])

    check_ended(in_s3, task_id)
