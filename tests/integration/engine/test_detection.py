"""The checks of a disk's content as a step of its import: advice that never fails it."""

from __future__ import annotations

import lzma
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from imageferry.engine import detection
from imageferry.images.model import DetectionItem, Image
from imageferry.imaging.contents import checks
from imageferry.imaging.program import Limits
from imageferry.tasks.model import TaskStatus
from support.ferry import Ferry
from support.rows import ON_BOTH, REGION

DISKS = Path(__file__).parents[1] / "imaging" / "disks"
TEXT = (b"A text is no disk, and is imported as a raw one all the same. " * 2)[:101] + b"\n"
CHECKS = ["PartitionTable", "FileSystem", "OperatingSystem", "BootMode", "CloudInit"]


def put(ferry: Ferry, name: str) -> str:
    packed = (DISKS / f"{name}.qcow2.xz").read_bytes()
    ferry.bucket.put(f"{name}.qcow2", [lzma.decompress(packed)])
    return f"{name}.qcow2"


def imported(ferry: Ferry, *keys: str, **parameters: Any) -> tuple[Image, list[Mapping[str, str]]]:
    """The image, and what its task tells of each disk."""
    image_id, task_id = ferry.import_image(*keys, **parameters)
    assert ferry.run(task_id).status is TaskStatus.FINISHED
    image = ferry.rows.find_image(image_id)
    assert image is not None
    return image, [dict(disk.related_items) for disk in ferry.rows.disks(task_id)]


@ON_BOTH
def test_the_findings_are_told_with_the_task_and_the_image(ferry: Ferry) -> None:
    image, (told,) = imported(ferry, put(ferry, "gpt"), detection_strategy="Standard")

    (disk,) = image.disks
    assert [item.name for item in disk.detection] == CHECKS
    assert disk.detection[3] == DetectionItem(
        "BootMode",
        "The disk has a boot loader for UEFI. The image is to start by BIOS: import with "
        "BootMode=UEFI.",
        "BootMode.Mismatch",
        "High",
    )
    assert told["OperatingSystem"] == "The operating system is Test Linux 1."
    assert told["BootMode"].startswith("High risk: The disk has a boot loader for UEFI.")
    assert ferry.scratch == []


def test_of_a_data_disk_only_what_it_holds_is_told(ferry: Ferry) -> None:
    system, data = put(ferry, "gpt"), put(ferry, "lvm")

    image, (_, told) = imported(ferry, system, data, detection_strategy="Standard")

    assert [item.name for item in image.disks[1].detection] == ["PartitionTable", "FileSystem"]
    assert "BootMode" not in told


def test_nothing_is_checked_that_was_not_asked_for(ferry: Ferry) -> None:
    image, (told,) = imported(ferry, put(ferry, "gpt"))

    assert image.disks[0].detection == ()
    assert not told.keys() & set(CHECKS)


def test_a_text_is_imported_with_a_warning(ferry: Ferry) -> None:
    assert len(TEXT) == 102
    ferry.bucket.put("hello.zip", [TEXT])

    image, (told,) = imported(ferry, "hello.zip")

    assert image.disks[0].virtual_size == 512
    assert ferry.disk_bytes(image.key(image.disks[0])) == TEXT + bytes(512 - len(TEXT))
    assert told["Warning"].startswith("The object was taken for a raw disk, but it has no ")


def test_a_disk_is_imported_without_a_warning(ferry: Ferry) -> None:
    _, (told,) = imported(ferry, put(ferry, "links"))

    assert "Warning" not in told


def test_an_import_does_not_fail_with_its_checks(
    ferry: Ferry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def starved(*arguments: object, **values: object) -> object:
        tight = Limits(cpu_seconds=5, address_space=16 << 20)
        return checks.check_contents(*arguments, **values, limits=tight)  # type: ignore[arg-type]

    monkeypatch.setattr(detection, "check_contents", starved)

    image, (told,) = imported(ferry, put(ferry, "gpt"), detection_strategy="Standard")

    assert [item.name for item in image.disks[0].detection] == ["Detection"]
    assert told["Detection"].startswith("Low risk: The checks did not come to their end: ")


def test_the_checks_may_run_again(ferry: Ferry) -> None:
    image_id, task_id = ferry.import_image(put(ferry, "gpt"), detection_strategy="Standard")
    for step in ("transfer", "verify", "detect", "detect", "publish"):
        assert ferry.step(task_id, step)

    image = ferry.rows.find_image(image_id)
    assert image is not None
    assert [item.name for item in image.disks[0].detection] == CHECKS
    assert ferry.rows.find(task_id).status is TaskStatus.FINISHED


def test_a_copy_keeps_the_findings(ferry: Ferry) -> None:
    image, _ = imported(ferry, put(ferry, "gpt"), detection_strategy="Standard")

    copy_id, task_id = ferry.copy_image(image.image_id, REGION)
    assert ferry.run(task_id).status is TaskStatus.FINISHED

    copy = ferry.rows.find_image(copy_id)
    assert copy is not None
    assert copy.detection_strategy == "Standard"
    assert copy.disks[0].detection == image.disks[0].detection
