"""Imports of images that lie compressed or in an archive in their bucket."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from imageferry.images.model import ImageStatus
from imageferry.tasks.model import TaskStatus
from support.disks import DISK
from support.ferry import Ferry
from support.images.packages import WRAPPINGS, gz, manifest_of, ova

GIB = 2**30


def image(tmp_path: Path, image_format: str, *options: str) -> bytes:
    """The disk as an image of another format."""
    raw, made = tmp_path / "disk", tmp_path / f"disk.{image_format}"
    raw.write_bytes(DISK)
    command = [
        "qemu-img",
        "convert",
        "-f",
        "raw",
        "-O",
        image_format,
        *options,
        str(raw),
        str(made),
    ]
    subprocess.run(command, check=True)
    return made.read_bytes()


def imported(ferry: Ferry, key: str, content: bytes) -> tuple[str, dict[str, str]]:
    """Import an object; the id of the image, and what is said of its disk."""
    ferry.bucket.put(key, [content])
    image_id, task_id = ferry.import_image(key)
    assert ferry.run(task_id).status is TaskStatus.FINISHED
    (disk,) = ferry.rows.disks(task_id)
    return image_id, dict(disk.related_items)


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@pytest.mark.parametrize("image_format", ["raw", "qcow2"])
def test_the_disk_inside_is_imported(
    ferry: Ferry, tmp_path: Path, wrapping: str, image_format: str
) -> None:
    ferry.compare_fully()
    content = WRAPPINGS[wrapping](image(tmp_path, image_format))

    image_id, said = imported(ferry, f"disk.{wrapping}", content)

    assert ferry.disk_bytes(f"{image_id}-system.qcow2") == DISK
    assert said["ImageFormat"] == image_format.upper()
    assert said["VirtualSize"] == str(len(DISK))
    assert said["Packaging"]
    assert ("ScratchLimit" in said) == (wrapping != "tar")
    found = ferry.rows.find_image(image_id)
    assert found is not None
    assert (found.disks[0].virtual_size, found.disks[0].size_gib) == (len(DISK), 1)
    assert (ferry.scratch, bool(ferry.leftovers)) == ([], False)


def test_the_disk_of_an_appliance_is_imported(ferry: Ferry, tmp_path: Path) -> None:
    ferry.compare_fully()
    disk = image(tmp_path, "vmdk", "-o", "subformat=streamOptimized")

    image_id, said = imported(ferry, "appliance.ova", ova(disk))

    assert ferry.disk_bytes(f"{image_id}-system.qcow2") == DISK
    assert said["Packaging"] == "OVA, 'appliance-disk1.vmdk'"
    assert said["ManifestDigest"] == f"SHA256 {hashlib.sha256(disk).hexdigest()}"


def test_an_appliance_whose_disk_is_not_that_of_its_manifest_fails(
    ferry: Ferry, tmp_path: Path
) -> None:
    disk = image(tmp_path, "vmdk", "-o", "subformat=streamOptimized")
    wrong = manifest_of(("appliance-disk1.vmdk", disk + b"more"))
    ferry.bucket.put("appliance.ova", [ova(disk, manifest=wrong)])
    _, task_id = ferry.import_image("appliance.ova")

    task = ferry.run(task_id)

    assert task.status is TaskStatus.FAILED
    assert task.error_code == "InvalidImageFormat.ManifestMismatch"
    assert "'appliance-disk1.vmdk'" in task.error_message
    assert (ferry.imported, ferry.scratch, bool(ferry.leftovers)) == ([], [], False)


def test_a_disk_that_unpacks_to_more_than_its_owner_said_is_stopped(
    ferry: Ferry, tmp_path: Path
) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.write(DISK)
        file.truncate(GIB + 512)
    ferry.bucket.put("large.raw.gz", [gz(large.read_bytes())])
    image_id, task_id = ferry.import_image("large.raw.gz", disk_image_size=1)

    task = ferry.run(task_id)

    assert (task.status, task.error_code) == (TaskStatus.FAILED, "InvalidImageSize")
    assert str(GIB) in task.error_message
    found = ferry.rows.find_image(image_id)
    assert found is not None
    assert found.status is ImageStatus.CREATE_FAILED
    assert (ferry.imported, ferry.scratch, bool(ferry.leftovers)) == ([], [], False)
