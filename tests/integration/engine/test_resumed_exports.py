"""Exports and copies whose worker dies, or loses its task, in the middle: the next one goes on."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping
from typing import Any

import pytest

from imageferry.actions.export_layouts import LAYOUTS
from imageferry.buckets.interface import UploadNotFoundError
from imageferry.buckets.remote_draft import RemoteDraftObject
from imageferry.buckets.remote_upload import RemoteUpload
from imageferry.engine.checkpoints import Saved
from imageferry.tasks import hand_overs, transitions
from imageferry.tasks.model import Task, TaskStatus
from support.disks import DISK as SMALL_DISK
from support.ferry import Ferry, guest_bytes
from support.interrupted import (
    DISK,
    MIB,
    check_nothing_left,
    continued,
    in_the_middle,
    kill_in_the_middle,
    lose_in_the_middle,
    note_often,
    reads,
    saved,
)
from support.rows import ON_POSTGRESQL
from support.service import until

EVERY_LAYOUT = [(name, compression) for name, found in LAYOUTS.items() for compression in found]
DRIVERS = {"vhd": "vpc"}
CHUNKS = 8 * MIB
"""What is fetched again of a remote source because it is fetched in chunks."""


@pytest.fixture
def image_id(ferry: Ferry) -> str:
    """An image of one disk."""
    return imported(ferry)


def imported(ferry: Ferry, disk: bytes = DISK) -> str:
    note_often(ferry)
    ferry.bucket.put("disk.raw", [disk])
    image_id, task_id = ferry.import_image("disk.raw")
    assert ferry.run(task_id).status is TaskStatus.FINISHED
    ferry.bucket.delete("disk.raw")
    return image_id


def catalogue_key(image_id: str) -> str:
    return f"{image_id}-system.qcow2"


def left_to_read(ferry: Ferry, image_id: str, left: Saved) -> int:
    """The bytes of the catalogue's disk that were not taken before a checkpoint."""
    return ferry.catalogue.head(catalogue_key(image_id)).size - left.checkpoint.done


def seen_by_a_guest(stored: bytes, key: str, image_format: str) -> bytes:
    if key.endswith(".tar.gz"):
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(stored))) as tar:
            file = tar.extractfile(tar.next() or "")
            assert file is not None
            return file.read()
    return guest_bytes(stored, DRIVERS.get(image_format, image_format))


def check_exported(ferry: Ferry, task: Task, image_format: str, left: Saved) -> None:
    """Make sure that the object is the disk, that the task went on, and that nothing is left."""
    assert task.status is TaskStatus.FINISHED, task
    (key,) = ferry.objects
    with ferry.bucket.open(key) as reader:
        stored = reader.pread(0, reader.size)
    assert seen_by_a_guest(stored, key, image_format) == DISK
    items = dict(ferry.rows.disks(task.task_id)[0].related_items)
    assert items["SHA256"] == hashlib.sha256(stored).hexdigest()
    assert items["ContinuedFrom"] == str(left.checkpoint.offset)
    assert continued(ferry, task.task_id)[-1] == f"disk 1 from byte {left.checkpoint.offset}"
    check_nothing_left(ferry, task.task_id)


def test_a_killed_worker_is_gone_on_for(
    ferry: Ferry, image_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = ferry.export_image(image_id, "vhd")
    first = kill_in_the_middle(ferry, task_id)
    second = kill_in_the_middle(ferry, task_id, first.checkpoint.offset)
    places = reads(monkeypatch, catalogue_key(image_id))

    task = ferry.run(task_id)

    assert second.draft_id == first.draft_id
    assert sum(length for _, length in places) <= left_to_read(ferry, image_id, second)
    check_exported(ferry, task, "vhd", second)
    assert len(continued(ferry, task_id)) == 2


@ON_POSTGRESQL
def test_a_killed_worker_is_gone_on_for_with_nothing_on_its_machine(
    on_s3: Ferry, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = imported(on_s3)
    task_id = on_s3.export_image(image_id, "vhd")
    left = kill_in_the_middle(on_s3, task_id)
    assert list(on_s3.context.scratch.parent.glob("drafts/*/*")) == []
    places = reads(monkeypatch, catalogue_key(image_id))

    task = on_s3.run(task_id)

    read = sum(length for _, length in places)
    assert read <= left_to_read(on_s3, image_id, left) + CHUNKS
    check_exported(on_s3, task, "vhd", left)


def test_every_layout_is_gone_on_with(
    ferry: Ferry, image_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for image_format, compression in EVERY_LAYOUT:
        task_id = ferry.export_image(image_id, image_format, compression)
        left = lose_in_the_middle(ferry, task_id, monkeypatch)
        with monkeypatch.context() as patch:
            places = reads(patch, catalogue_key(image_id))

            task = ferry.run(task_id)

        assert sum(length for _, length in places) <= left_to_read(ferry, image_id, left)
        check_exported(ferry, task, image_format, left)
        ferry.bucket.delete(ferry.objects[0])


def test_a_paused_export_is_gone_on_with(
    ferry: Ferry, image_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = ferry.export_image(image_id, "raw", "none")

    def pause() -> bool:
        paused: bool = ferry.rows.change(transitions.pause, task_id, "Paused.")
        return paused

    with in_the_middle(ferry, task_id, monkeypatch, pause):
        assert ferry.run(task_id).status is TaskStatus.PAUSED
    left = saved(ferry, task_id)
    assert left is not None
    assert not ferry.leftovers
    ferry.rows.change(transitions.resume, task_id, "Resumed.")
    ferry.rows.change(hand_overs.again, task_id)

    check_exported(ferry, ferry.run(task_id, hand_over=2), "raw", left)


def test_an_export_that_is_cancelled_after_its_worker_died_leaves_nothing(on_s3: Ferry) -> None:
    image_id = imported(on_s3)
    task_id = on_s3.export_image(image_id, "raw", "none")
    kill_in_the_middle(on_s3, task_id)
    assert len(on_s3.bucket.uploads()) == 1
    on_s3.cancel(task_id)

    on_s3.run(task_id)

    assert on_s3.objects == []
    check_nothing_left(on_s3, task_id)
    assert on_s3.bucket.staged() == set()


def lose_while_it_is_sent(ferry: Ferry, task_id: str, monkeypatch: pytest.MonkeyPatch) -> Saved:
    """Let another worker take the task while parts are sent, once some of that was noted."""
    write_bytes: Any = RemoteUpload.write_bytes

    def sent() -> Saved | None:
        found = saved(ferry, task_id)
        return found if found is not None and found.file else None

    def write(upload: RemoteUpload, number: int, data: bytes) -> Any:
        if number == 4:
            until(sent, 60, "A checkpoint")
            assert ferry.rows.change(transitions.claim, task_id, "thief")
        return write_bytes(upload, number, data)

    with monkeypatch.context() as patch:
        patch.setattr(RemoteUpload, "write_bytes", write)
        assert not ferry.step(task_id, "transfer")
    ferry.rows.change(transitions.let_go, task_id, "thief")
    left = sent()
    assert left is not None
    return left


def test_a_file_of_scratch_is_gone_on_with_where_it_is(
    in_s3: Ferry, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = imported(in_s3)
    task_id = in_s3.export_image(image_id, "qcow2", "zstd")
    left = lose_while_it_is_sent(in_s3, task_id, monkeypatch)
    assert left.checkpoint.offset < len(DISK)
    places = reads(monkeypatch, catalogue_key(image_id))

    task = in_s3.run(task_id)

    assert sum(length for _, length in places) <= left_to_read(in_s3, image_id, left)
    check_exported(in_s3, task, "qcow2", left)
    check_begun_anew_without_its_file(in_s3, image_id, monkeypatch)


def check_begun_anew_without_its_file(
    ferry: Ferry, image_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Make sure that an export ends right on a machine that has no file of scratch of it."""
    task_id = ferry.export_image(image_id, "qcow2", "zstd")
    lose_while_it_is_sent(ferry, task_id, monkeypatch)
    for path in ferry.context.scratch.parent.glob("drafts/*/*"):
        path.unlink()

    assert ferry.run(task_id).status is TaskStatus.FINISHED

    assert continued(ferry, task_id) == []
    check_nothing_left(ferry, task_id)


def test_an_upload_that_a_frozen_worker_ends_meanwhile_is_begun_anew(
    on_s3: Ferry, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = imported(on_s3)
    task_id = on_s3.export_image(image_id, "raw", "none")
    left = kill_in_the_middle(on_s3, task_id)
    write_bytes: Any = RemoteUpload.write_bytes
    ended: list[str] = []

    def end_then_write(upload: RemoteUpload, number: int, data: bytes) -> Any:
        if not ended:
            ended.append(upload.id)
            upload.abort()
        return write_bytes(upload, number, data)

    monkeypatch.setattr(RemoteUpload, "write_bytes", end_then_write)

    check_exported(on_s3, on_s3.run(task_id), "raw", left)


def test_an_object_that_a_frozen_worker_publishes_meanwhile_is_the_result(
    in_s3: Ferry, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = imported(in_s3, SMALL_DISK)
    publish = RemoteDraftObject.publish

    def published_by_another(staged: RemoteDraftObject, metadata: Mapping[str, str]) -> None:
        publish(staged, metadata)
        raise UploadNotFoundError("there is no such upload")

    monkeypatch.setattr(RemoteDraftObject, "publish", published_by_another)

    task = in_s3.run(in_s3.export_image(image_id, "raw", "none"))

    assert task.status is TaskStatus.FINISHED
    (key,) = in_s3.objects
    assert in_s3.bucket.head(key).size == len(SMALL_DISK)


def test_a_copy_is_gone_on_with(on_s3: Ferry, monkeypatch: pytest.MonkeyPatch) -> None:
    image_id = imported(on_s3)
    copy_id, task_id = on_s3.copy_image(image_id)
    left = kill_in_the_middle(on_s3, task_id)
    places = reads(monkeypatch, catalogue_key(image_id))

    task = on_s3.run(task_id)

    assert task.status is TaskStatus.FINISHED
    assert min(places)[0] == left.end
    assert on_s3.disk_bytes(catalogue_key(copy_id)) == DISK
    assert continued(on_s3, task_id) == [f"disk 1 from byte {left.end}"]
    check_nothing_left(on_s3, task_id)
