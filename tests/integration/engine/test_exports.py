"""Exports in every layout, into a folder and into S3: what is stored, and what is said of it."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa

from imageferry.actions.export_layouts import LAYOUTS
from imageferry.buckets.interface import ObjectInfo
from imageferry.buckets.remote_upload import RemoteUpload
from imageferry.buckets.s3 import S3Client
from imageferry.engine.ownership import Ownership
from imageferry.engine.progress import ProgressMeter
from imageferry.tasks import transitions
from imageferry.tasks.model import DiskStatus, Phase, TaskStatus
from support.disks import DATA, DISK
from support.ferry import Ferry, guest_bytes

EVERY_LAYOUT = [(name, compression) for name, found in LAYOUTS.items() for compression in found]
DRIVERS = {"vhd": "vpc"}


def imported(ferry: Ferry) -> str:
    ferry.bucket.put("system.raw", [DISK])
    ferry.bucket.put("data.raw", [DATA])
    image_id, task_id = ferry.import_image("system.raw", "data.raw")
    assert ferry.run(task_id).status is TaskStatus.FINISHED
    return image_id


def content(ferry: Ferry, key: str) -> bytes:
    with ferry.bucket.open(key) as reader:
        return reader.pread(0, reader.size)


def seen_by_a_guest(stored: bytes, key: str, image_format: str) -> bytes:
    if key.endswith(".tar.gz"):
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(stored))) as tar:
            (member,) = tar.getmembers()
            file = tar.extractfile(member)
            assert file is not None
            return file.read()
    return guest_bytes(stored, DRIVERS.get(image_format, image_format))


def check_export(ferry: Ferry, image_id: str, image_format: str, compression: str) -> None:
    """Make sure that an export stores the disks, and says how long they are and their hashes."""
    task = ferry.run(ferry.export_image(image_id, image_format, compression))

    assert (task.status, task.percent) == (TaskStatus.FINISHED, 100)
    found = ferry.rows.disks(task.task_id)
    for disk, key, expected in zip(found, task.request["Objects"], (DISK, DATA), strict=True):
        stored = content(ferry, key)
        digest = hashlib.sha256(stored).hexdigest()
        assert seen_by_a_guest(stored, key, image_format) == expected
        assert disk.status is DiskStatus.SUCCESS
        assert {("ObjectSize", str(len(stored))), ("SHA256", digest)} <= set(disk.related_items)
        assert ferry.bucket.head(key).metadata == {
            "imageferry-task": task.task_id,
            "sha256": digest,
        }
        ferry.bucket.delete(key)
    assert (ferry.scratch, bool(ferry.leftovers)) == ([], False)


@pytest.mark.parametrize(("image_format", "compression"), EVERY_LAYOUT)
def test_an_export_into_a_folder(
    ferry: Ferry, image_id: str, image_format: str, compression: str
) -> None:
    check_export(ferry, image_id, image_format, compression)


def test_a_disk_that_changed_in_the_catalogue_is_not_exported(ferry: Ferry, image_id: str) -> None:
    (path,) = ferry.context.settings.data_dir.joinpath("images").rglob(f"{image_id}-system.qcow2")
    stored = bytearray(path.read_bytes())
    stored[stored.index(DISK[-4096:-4000])] ^= 1
    path.write_bytes(stored)
    before = ferry.objects

    task = ferry.run(ferry.export_image(image_id, "raw", "none"))

    assert (task.status, task.error_code) == (TaskStatus.FAILED, "VerificationFailed")
    assert (ferry.objects, ferry.scratch, bool(ferry.leftovers)) == (before, [], False)


def test_exports_into_s3(in_s3: Ferry, s3: S3Client) -> None:
    image_id = imported(in_s3)

    for image_format, compression in EVERY_LAYOUT:
        check_export(in_s3, image_id, image_format, compression)

    assert list(s3.uploads("")) == []


def test_exports_into_a_folder_that_are_compared_in_full(ferry: Ferry) -> None:
    check_compared_exports(ferry)


def test_exports_into_s3_that_are_compared_in_full(in_s3: Ferry) -> None:
    check_compared_exports(in_s3)


def check_compared_exports(ferry: Ferry) -> None:
    ferry.compare_fully()
    image_id = imported(ferry)

    for image_format, compression in (("vhd", "none"), ("qcow2", "zstd"), ("qcow2", "none")):
        check_export(ferry, image_id, image_format, compression)


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Phase, int, int]]:
    """What a meter shows after each change: the phase, the bytes done and all bytes."""
    shown: list[tuple[Phase, int, int]] = []
    advance = ProgressMeter.advance

    def note(meter: ProgressMeter, disk: int, done: int) -> None:
        advance(meter, disk, done)
        reading = meter.read()
        shown.append((reading.phase, reading.bytes_done, reading.bytes_total))

    monkeypatch.setattr(ProgressMeter, "advance", note)
    return shown


def test_what_lies_in_a_file_too_is_moved_once(
    in_s3: Ferry, readings: list[tuple[Phase, int, int]]
) -> None:
    image_id = imported(in_s3)
    readings.clear()

    in_s3.run(in_s3.export_image(image_id, "qcow2", "zstd"))

    moved = [(done, total) for phase, done, total in readings if phase is Phase.TRANSFER]
    stored = in_s3.catalogue.head(f"{image_id}-system.qcow2").size
    assert moved == sorted(moved)
    assert moved[-1][0] == moved[-1][1] <= stored


def test_an_object_without_its_hash_is_made_again(
    in_s3: Ferry, monkeypatch: pytest.MonkeyPatch, s3: S3Client
) -> None:
    """A store lets the object appear first; the metadata that was found out comes after."""
    image_id = imported(in_s3)
    task_id = in_s3.export_image(image_id, "vhd")

    def die(_client: S3Client, _info: ObjectInfo) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(S3Client, "replace_metadata", die)
        with pytest.raises(KeyboardInterrupt):
            in_s3.step(task_id, "transfer")
    first = in_s3.rows.find(task_id).request["Objects"][0]
    assert "sha256" not in in_s3.bucket.head(first).metadata

    task = in_s3.run(task_id)

    assert task.status is TaskStatus.FINISHED
    for key in task.request["Objects"]:
        digest = hashlib.sha256(content(in_s3, key)).hexdigest()
        assert in_s3.bucket.head(key).metadata["sha256"] == digest
    assert list(s3.uploads("")) == []


@pytest.mark.parametrize(("image_format", "compression"), [("vhd", "none"), ("qcow2", "zstd")])
def test_an_export_that_is_lost_before_it_is_published_leaves_no_upload(
    in_s3: Ferry,
    monkeypatch: pytest.MonkeyPatch,
    s3: S3Client,
    image_format: str,
    compression: str,
) -> None:
    image_id = imported(in_s3)
    before = in_s3.objects
    task_id = in_s3.export_image(image_id, image_format, compression)
    begun: list[str] = []
    write_bytes = RemoteUpload.write_bytes

    def cancel_then_write(upload: RemoteUpload, number: int, data: bytes) -> object:
        if not begun:
            in_s3.cancel(task_id)
        begun.append(upload.key)
        return write_bytes(upload, number, data)

    monkeypatch.setattr(RemoteUpload, "write_bytes", cancel_then_write)

    assert in_s3.run(task_id).status is TaskStatus.DELETED

    assert begun
    assert list(s3.uploads("")) == []
    assert in_s3.objects == before
    assert [found.key for found in s3.list("", "") if "/staged/" in found.key] == []


def test_what_another_worker_stored_is_not_harmed_by_one_that_was_frozen(
    in_s3: Ferry, monkeypatch: pytest.MonkeyPatch, s3: S3Client
) -> None:
    image_id = imported(in_s3)
    task_id = in_s3.export_image(image_id, "vhd")
    write_bytes = RemoteUpload.write_bytes
    infos: list[ObjectInfo] = []

    def freeze_then_write(upload: RemoteUpload, number: int, data: bytes) -> object:
        """Another worker takes the task over and finishes it, while this one is frozen."""
        monkeypatch.setattr(RemoteUpload, "write_bytes", write_bytes)
        assert in_s3.rows.change(transitions.claim, task_id, "another worker")
        finished = Ferry.run(in_s3, task_id)
        assert finished.status is TaskStatus.FINISHED
        infos.extend(in_s3.bucket.head(key) for key in finished.request["Objects"])
        return write_bytes(upload, number, data)

    monkeypatch.setattr(RemoteUpload, "write_bytes", freeze_then_write)

    assert in_s3.run(task_id).status is TaskStatus.FINISHED

    assert [in_s3.bucket.head(info.key) for info in infos] == infos
    assert len(infos) == 2
    assert list(s3.uploads("")) == []


def test_objects_that_appeared_in_s3_before_a_cancel_are_withdrawn(
    in_s3: Ferry, s3: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = imported(in_s3)
    task_id = in_s3.export_image(image_id, "qcow2")
    finishing = Ownership.finishing
    seen: list[str] = []

    def cancelled_before(ownership: Ownership) -> AbstractContextManager[sa.Connection]:
        seen.extend(key for key in in_s3.objects if key.startswith(image_id))
        in_s3.cancel(task_id)
        return finishing(ownership)

    monkeypatch.setattr(Ownership, "finishing", cancelled_before)

    assert in_s3.run(task_id).status is TaskStatus.DELETED

    assert len(seen) == 2
    assert set(in_s3.objects) == {"system.raw", "data.raw"}
    assert list(s3.uploads("")) == []
