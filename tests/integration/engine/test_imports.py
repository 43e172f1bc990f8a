"""Imports: what is said of their disks, and what is left of those that do not end well."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from imageferry.buckets.file_draft import FileDraft
from imageferry.engine.import_image import ImportImage
from imageferry.images.model import ImageStatus
from imageferry.tasks import transitions
from imageferry.tasks.model import DiskStatus, TaskStatus
from support.content import content_hash
from support.disks import DATA, DISK
from support.ferry import Ferry
from support.rows import ON_BOTH

BLOCK = 4 << 20
STEPS = ("transfer", "verify", "detect")


@pytest.fixture
def begun(ferry: Ferry) -> tuple[str, str]:
    """An image of two disks to be, and its task."""
    ferry.bucket.put("system.raw", [DISK])
    ferry.bucket.put("data.raw", [DATA])
    return ferry.import_image("system.raw", "data.raw")


@pytest.mark.parametrize("disk", [DISK, DATA, DISK + bytes(2 * BLOCK) + DATA, bytes(BLOCK)])
def test_the_hashes_that_are_said_are_those_of_the_object_and_of_the_disk(
    ferry: Ferry, disk: bytes
) -> None:
    ferry.bucket.put("system.raw", [disk])
    _, task_id = ferry.import_image("system.raw")

    assert ferry.run(task_id).status is TaskStatus.FINISHED

    (found,) = ferry.rows.disks(task_id)
    said = dict(found.related_items)
    assert said["ContentHash"] == content_hash(disk)
    assert said["SHA256"] == hashlib.sha256(disk).hexdigest()
    assert said["BytesRead"] == str(len(disk))


@pytest.mark.parametrize("steps", [STEPS[:count] for count in range(len(STEPS) + 1)])
def test_an_import_that_is_cancelled_after_a_step_leaves_nothing(
    ferry: Ferry, begun: tuple[str, str], steps: tuple[str, ...]
) -> None:
    image_id, task_id = begun
    for step in steps:
        assert ferry.step(task_id, step)
    assert bool(ferry.imported) is bool(steps)
    ferry.cancel(task_id)

    assert ferry.run(task_id).status is TaskStatus.DELETED

    assert ferry.rows.find_image(image_id) is None
    assert (ferry.imported, ferry.scratch, bool(ferry.leftovers)) == ([], [], False)


def flip_a_byte_of_the_disk(path: Path) -> None:
    """Change a byte of what the guest sees; the image stays sound."""
    stored = path.read_bytes()
    place = stored.index(DATA[-4096:-4000])
    with path.open("r+b") as file:
        file.seek(place)
        file.write(bytes([stored[place] ^ 1]))


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def grow_the_disk(path: Path) -> None:
    """Change the virtual size in the header."""
    with path.open("r+b") as file:
        file.seek(24)
        file.write((len(DATA) + 512).to_bytes(8, "big"))


@pytest.mark.parametrize("damage", [flip_a_byte_of_the_disk, cut, grow_the_disk])
def test_a_disk_that_the_catalogue_does_not_give_back_as_it_was_written_is_not_kept(
    ferry: Ferry,
    begun: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
    damage: Callable[[Path], None],
) -> None:
    image_id, task_id = begun
    ferry.compare_fully()
    finish = FileDraft.finish

    def finish_then_damage(draft: FileDraft[object], size: int) -> object:
        whole = finish(draft, size)
        if draft.path.name.startswith("disk-2-"):
            damage(draft.path)
        return whole

    with monkeypatch.context() as patch:
        patch.setattr(FileDraft, "finish", finish_then_damage)
        assert ferry.step(task_id, "transfer")
    assert ferry.imported == [f"{image_id}-data-1.qcow2", f"{image_id}-system.qcow2"]

    assert not ferry.step(task_id, "verify")
    ferry.clean_up(task_id)

    task = ferry.rows.find(task_id)
    image = ferry.rows.find_image(image_id)
    assert (task.status, task.error_code) == (TaskStatus.FAILED, "VerificationFailed")
    assert [disk.status for disk in ferry.rows.disks(task_id)] == [
        DiskStatus.SUCCESS,
        DiskStatus.FAILED,
    ]
    assert image is not None
    assert image.status is ImageStatus.CREATE_FAILED
    assert (ferry.imported, ferry.scratch, bool(ferry.leftovers)) == ([], [], False)


@pytest.mark.parametrize("damage", [flip_a_byte_of_the_disk, cut, grow_the_disk])
def test_a_disk_that_somebody_wrote_to_in_the_catalogue_is_not_let_pass(
    ferry: Ferry, begun: tuple[str, str], damage: Callable[[Path], None]
) -> None:
    image_id, task_id = begun
    ferry.compare_fully()
    assert ferry.step(task_id, "transfer")
    key = f"{image_id}-data-1.qcow2"
    (path,) = ferry.context.settings.data_dir.joinpath("images").rglob(key)
    damage(path)

    assert not ferry.step(task_id, "verify")
    ferry.clean_up(task_id)

    task = ferry.rows.find(task_id)
    assert (task.status, task.error_code) == (TaskStatus.FAILED, "VerificationFailed")
    assert (ferry.imported, ferry.scratch, bool(ferry.leftovers)) == ([], [], False)


@pytest.mark.parametrize("broken", ["system.raw", "data.raw"])
def test_one_of_two_disks_that_fails_ends_both(
    ferry: Ferry, begun: tuple[str, str], broken: str
) -> None:
    image_id, task_id = begun
    ferry.bucket.put(broken, [b"another disk"])

    task = ferry.run(task_id)

    assert (task.status, task.error_code) == (TaskStatus.FAILED, "InvalidOSSObject.Changed")
    assert repr(broken) in task.error_message
    assert [disk.status for disk in ferry.rows.disks(task_id)] == [DiskStatus.FAILED] * 2
    image = ferry.rows.find_image(image_id)
    assert image is not None
    assert image.status is ImageStatus.CREATE_FAILED
    assert (ferry.imported, ferry.scratch, bool(ferry.leftovers)) == ([], [], False)


@ON_BOTH
def test_a_worker_that_was_frozen_stores_nothing_when_another_one_has_the_task(
    ferry: Ferry, begun: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id, task_id = begun
    ferry.compare_fully()
    finish = FileDraft.finish

    def freeze_then_finish(draft: FileDraft[object], size: int) -> object:
        """Another worker takes the task up, while this one is frozen."""
        ferry.rows.change(transitions.claim, task_id, "another worker")
        return finish(draft, size)

    with monkeypatch.context() as patch:
        patch.setattr(FileDraft, "finish", freeze_then_finish)
        assert not ferry.step(task_id, "transfer")
    assert ferry.imported == []
    assert ferry.rows.find(task_id).status is TaskStatus.PROCESSING

    assert ferry.run(task_id).status is TaskStatus.FINISHED
    assert ferry.disk_bytes(f"{image_id}-system.qcow2") == DISK


def test_a_worker_that_dies_after_a_disk_was_stored_does_not_store_it_again(
    ferry: Ferry, begun: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id, task_id = begun
    store = ImportImage._store
    stored: list[int] = []

    def note(self: ImportImage, disk: object, stop: object) -> None:
        stored.append(disk.position)  # type: ignore[attr-defined]
        store(self, disk, stop)  # type: ignore[arg-type]

    monkeypatch.setattr(ImportImage, "_store", note)
    assert ferry.step(task_id, "transfer")
    ferry.catalogue.delete(f"{image_id}-data-1.qcow2")

    assert ferry.step(task_id, "transfer")

    assert sorted(stored) == [1, 2, 2]
