"""Copies with real parts: what comes of them, also when they run twice or the world changes."""

from __future__ import annotations

import pytest

from imageferry.actions.errors import ServiceError
from imageferry.buckets.folder_reader import FileReader
from imageferry.images.model import Image
from imageferry.tasks.model import TaskStatus
from support.ferry import Ferry
from support.rows import ON_BOTH

MIB = 1 << 20
DISK = b"\x01" * MIB + bytes(3 * MIB)
ELSEWHERE = "cn-beijing"


@pytest.fixture
def source(ferry: Ferry) -> str:
    """An image of two disks."""
    ferry.bucket.put("system.raw", [DISK])
    ferry.bucket.put("data.raw", [b"\x02" * MIB])
    image_id, task_id = ferry.import_image("system.raw", "data.raw")
    assert ferry.run(task_id).status is TaskStatus.FINISHED
    return image_id


def found(ferry: Ferry, image_id: str) -> Image:
    image = ferry.rows.find_image(image_id)
    assert image is not None
    return image


@ON_BOTH
def test_a_copy_has_the_bytes_of_every_disk(ferry: Ferry, source: str) -> None:
    copy_id, task_id = ferry.copy_image(source, ELSEWHERE)

    task = ferry.run(task_id)

    copy = found(ferry, copy_id)
    assert (task.status, task.percent, copy.status.value) == (
        TaskStatus.FINISHED,
        100,
        "Available",
    )
    assert (copy.region_id, copy.copied_from) == (ELSEWHERE, source)
    assert ferry.disk_bytes(f"{copy_id}-system.qcow2") == DISK
    assert ferry.disk_bytes(f"{copy_id}-data-1.qcow2") == b"\x02" * MIB
    assert [disk.stored_size for disk in copy.disks] == [
        disk.stored_size for disk in found(ferry, source).disks
    ]
    assert (ferry.scratch, bool(ferry.leftovers)) == ([], False)


def test_a_copy_outlives_its_source(ferry: Ferry, source: str) -> None:
    copy_id, task_id = ferry.copy_image(source)
    ferry.run(task_id)

    ferry.delete_image(source)

    assert ferry.disk_bytes(f"{copy_id}-system.qcow2") == DISK
    assert len(ferry.imported) == 2


def test_a_store_without_files_is_copied_by_its_bytes(
    ferry: Ferry, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FileReader, "fileno", lambda _reader, _moving=0: None)
    copy_id, task_id = ferry.copy_image(source)

    assert ferry.step(task_id, "transfer")
    monkeypatch.undo()
    assert ferry.run(task_id).status is TaskStatus.FINISHED

    assert ferry.disk_bytes(f"{copy_id}-system.qcow2") == DISK


def test_every_step_may_run_twice(ferry: Ferry, source: str) -> None:
    copy_id, task_id = ferry.copy_image(source)

    for step in ("transfer", "transfer", "verify", "verify", "publish"):
        assert ferry.step(task_id, step)

    assert found(ferry, copy_id).status.value == "Available"
    assert not ferry.step(task_id, "publish")


def test_a_step_makes_again_what_another_machine_had(ferry: Ferry, source: str) -> None:
    copy_id, task_id = ferry.copy_image(source)
    assert ferry.step(task_id, "transfer")
    for path in ferry.scratch:
        path.unlink()

    assert ferry.step(task_id, "verify")
    assert ferry.step(task_id, "publish")

    assert ferry.disk_bytes(f"{copy_id}-data-1.qcow2") == b"\x02" * MIB


@pytest.mark.parametrize("steps", [(), ("transfer",), ("transfer", "verify")])
def test_a_cancelled_copy_leaves_nothing(ferry: Ferry, source: str, steps: tuple[str, ...]) -> None:
    before = ferry.imported
    copy_id, task_id = ferry.copy_image(source, ELSEWHERE)
    for step in steps:
        assert ferry.step(task_id, step)

    ferry.cancel_copy(copy_id, ELSEWHERE)

    assert ferry.run(task_id).status is TaskStatus.DELETED
    assert ferry.rows.find_image(copy_id) is None
    assert (ferry.imported, ferry.scratch, bool(ferry.leftovers)) == (before, [], False)


def test_a_source_that_somebody_took_away_fails_the_copy(ferry: Ferry, source: str) -> None:
    copy_id, task_id = ferry.copy_image(source)
    ferry.catalogue.delete(f"{source}-data-1.qcow2")

    task = ferry.run(task_id)

    assert (task.status, task.error_code) == (TaskStatus.FAILED, "InvalidOSSObject.NotFound")
    assert found(ferry, copy_id).status.value == "CreateFailed"
    assert [key for key in ferry.imported if key.startswith(copy_id)] == []
    assert (ferry.scratch, bool(ferry.leftovers)) == ([], False)


def test_a_damaged_source_is_not_copied(ferry: Ferry, source: str) -> None:
    copy_id, task_id = ferry.copy_image(source)
    ferry.catalogue.put(f"{source}-system.qcow2", [b"QFI\xfb" + bytes(200)])

    task = ferry.run(task_id)

    assert task.status is TaskStatus.FAILED
    assert task.error_code == "VerificationFailed"
    assert found(ferry, copy_id).status.value == "CreateFailed"


def test_the_source_is_kept_while_it_is_copied(ferry: Ferry, source: str) -> None:
    copy_id, task_id = ferry.copy_image(source)

    with pytest.raises(ServiceError, match=r"OperationDenied\.ImageCopying"):
        ferry.delete_image(source)

    ferry.run(task_id)
    assert found(ferry, copy_id).status.value == "Available"
