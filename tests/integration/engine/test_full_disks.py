"""A disk that is full in the midst of a task: it fails with its reason, and leaves nothing.

The limit of a file's size stands for the disk, as it needs no privilege.
"""

from __future__ import annotations

import random

import pytest

from imageferry.tasks.model import Task, TaskStatus
from support.ferry import Ferry
from support.full_disks import full_disk
from support.rows import ON_SQLITE

pytestmark = ON_SQLITE
DISK = random.Random(9).randbytes(12 << 20)
LIMIT = 8 << 20
"""More than the database's files have, and less than the disk."""


def imported(ferry: Ferry) -> str:
    ferry.bucket.put("disk.raw", [DISK])
    image_id, task_id = ferry.import_image("disk.raw")
    assert ferry.run(task_id).status is TaskStatus.FINISHED
    return image_id


def failed_on_a_full_disk(ferry: Ferry, task_id: str) -> Task:
    with full_disk(LIMIT):
        task = ferry.run(task_id)
    assert task.status is TaskStatus.FAILED
    assert task.error_code == "ConversionFailed.InsufficientSpace"
    assert "free space" in task.error_message
    assert (ferry.scratch, bool(ferry.leftovers)) == ([], False)
    assert ferry.bucket.staged() == ferry.catalogue.staged() == set()
    return task


def test_an_import_into_a_full_catalogue(ferry: Ferry) -> None:
    ferry.bucket.put("disk.raw", [DISK])
    _, task_id = ferry.import_image("disk.raw")

    failed_on_a_full_disk(ferry, task_id)

    assert ferry.imported == []


@pytest.mark.parametrize("image_format", ["raw", "qcow2", "vhd"])
def test_an_export_into_a_full_bucket(ferry: Ferry, image_format: str) -> None:
    image_id = imported(ferry)

    failed_on_a_full_disk(ferry, ferry.export_image(image_id, image_format))

    assert ferry.objects == ["disk.raw"]


def test_an_export_that_needs_scratch_on_a_full_disk(in_s3: Ferry) -> None:
    image_id = imported(in_s3)
    in_s3.compare_fully()

    failed_on_a_full_disk(in_s3, in_s3.export_image(image_id, "qcow2"))

    assert in_s3.objects == ["disk.raw"]
    assert list(in_s3.bucket.uploads()) == []
