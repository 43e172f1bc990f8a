"""A process that is frozen right before a call, and wakes when another worker has the task."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from imageferry.buckets.folder_reader import FileReader
from imageferry.buckets.remote_reader import RemoteReader
from imageferry.engine import worker
from imageferry.engine.context import TASK_METADATA
from imageferry.tasks.model import TaskStatus
from support.dying_worker import LEAST_DATA
from support.ferry import Ferry
from support.frozen_worker import FrozenWorker, frozen_worker
from support.interrupted import check_nothing_left, note_often
from support.rows import ON_POSTGRESQL

pytestmark = ON_POSTGRESQL
DISK = random.Random(8).randbytes(16 << 20)
S3 = "imageferry.buckets.s3:S3Client"
CHECKPOINTS = "imageferry.engine.ownership:Ownership.checkpoints"
BEGINS = f"{S3}.start_upload"
APPEARS = "imageferry.buckets.folder_bucket:FileToAdopt.publish"
OWN = b"A user's own."


def prepared(ferry: Ferry) -> Ferry:
    """An installation with a disk to import."""
    note_often(ferry)
    ferry.bucket.put("disk.raw", [DISK])
    return ferry


@pytest.fixture
def s3(on_s3: Ferry) -> Ferry:
    """One that has everything in S3."""
    return prepared(on_s3)


def exported(ferry: Ferry) -> tuple[str, str]:
    """Ask for the export of an image; the task, and the key that its object will have."""
    image_id, import_id = ferry.import_image("disk.raw")
    assert ferry.run(import_id).status is TaskStatus.FINISHED
    task_id = ferry.export_image(image_id, "raw", "none")
    (key,) = ferry.rows.find(task_id).request["Objects"]
    return task_id, key


def content(ferry: Ferry, key: str) -> bytes:
    """The bytes of an object."""
    with ferry.bucket.open(key) as reader:
        return reader.pread(0, reader.size)


def in_the_middle(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    """Let something happen once when this process reads the disk."""
    outstanding = [happens]
    kinds: tuple[Any, ...] = (FileReader, RemoteReader)
    for kind in kinds:
        pread = kind.pread

        def read(reader: Any, offset: int, length: int, pread: Any = pread) -> bytes:
            if length >= LEAST_DATA and outstanding:
                outstanding.pop()()
            data: bytes = pread(reader, offset, length)
            return data

        monkeypatch.setattr(kind, "pread", read)


def is_the_users(ferry: Ferry, key: str) -> bool:
    """Whether an object is the one that the user has put, in every respect."""
    with ferry.bucket.open(key) as reader:
        return (reader.pread(0, 100), dict(reader.info.metadata)) == (OWN, {"mine": "1"})


@pytest.mark.parametrize("before", [f"{S3}.list", CHECKPOINTS])
def test_one_that_looks_what_was_left_ends_no_upload_of_the_next_one(
    s3: Ferry, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    _, task_id = s3.import_image("disk.raw")
    seen: list[list[str]] = []

    def wake(woken: FrozenWorker) -> None:
        for again in (False, True):
            if again:
                woken.wake()
            seen.append([upload.id for upload in s3.catalogue.uploads()])

    with frozen_worker(s3, task_id, "transfer", before) as woken:
        in_the_middle(monkeypatch, lambda: wake(woken))
        assert s3.run(task_id).status is TaskStatus.FINISHED

    assert len(seen[0]) == 1
    assert seen[0] == seen[1]
    assert s3.disk_bytes(s3.imported[0]) == DISK
    check_nothing_left(s3, task_id)


def test_one_that_withdraws_an_object_leaves_that_of_a_user(s3: Ferry) -> None:
    task_id, key = exported(s3)
    s3.bucket.put(key, [b"Exported."], metadata={TASK_METADATA: task_id})
    s3.cancel(task_id)

    with frozen_worker(s3, task_id, "clean_up", f"{S3}.delete") as woken:
        s3.clean_up(task_id)
        assert key not in s3.objects
        s3.bucket.put(key, [OWN], metadata={"mine": "1"})
        woken.wake()

    assert is_the_users(s3, key)


def test_one_that_describes_what_it_exported_leaves_the_object_of_a_user(s3: Ferry) -> None:
    task_id, key = exported(s3)

    with frozen_worker(s3, task_id, "transfer", f"{S3}.replace_metadata") as woken:
        assert s3.run(task_id).status is TaskStatus.FINISHED
        s3.bucket.put(key, [OWN], metadata={"mine": "1"})
        woken.wake()

    assert is_the_users(s3, key)
    check_nothing_left(s3, task_id)


@pytest.mark.parametrize("before", [BEGINS, f"{S3}.complete_upload"])
def test_one_that_exports_replaces_no_object_of_a_user(s3: Ferry, before: str) -> None:
    task_id, key = exported(s3)

    with frozen_worker(s3, task_id, "transfer", before) as woken:
        assert s3.run(task_id).status is TaskStatus.FINISHED
        s3.bucket.put(key, [OWN], metadata={"mine": "1"})
        woken.wake()

    assert is_the_users(s3, key)
    # What a worker does when it starts: the woken one was ended, and is started again.
    assert worker.sweep_ended(s3.context) == (before == BEGINS)
    assert (s3.bucket.staged(), s3.bucket.uploads()) == (set(), [])


def test_one_that_lets_a_file_appear_does_not_take_the_one_that_the_next_one_writes(
    ferry: Ferry, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id, key = exported(prepared(ferry))
    seen: list[bytes] = []

    def wake(woken: FrozenWorker) -> None:
        woken.wake()
        seen.append(content(ferry, key))

    with frozen_worker(ferry, task_id, "transfer", APPEARS) as woken:
        in_the_middle(monkeypatch, lambda: wake(woken))
        assert ferry.run(task_id).status is TaskStatus.FINISHED

    assert seen == [DISK]
    assert content(ferry, key) == DISK
    check_nothing_left(ferry, task_id)
