"""The bytes that an account's images take, and that none is taken in vain."""

from __future__ import annotations

from pathlib import Path

from imageferry.images import queries as images
from imageferry.images.model import ImageStatus
from imageferry.tasks.model import TaskStatus
from support.ferry import Ferry
from support.rows import Rows

SIZE = 64 << 10
"""Far less than the smallest qcow2 image of a disk takes."""


def _used(ferry: Ferry) -> int:
    with ferry.context.database.read() as connection:
        return images.bytes_of_account(connection, ferry.rows.account)


def test_an_image_that_takes_more_bytes_than_there_may_be_fails_and_takes_none(
    tmp_path: Path, rows: Rows
) -> None:
    ferry = Ferry(tmp_path, rows, max_image_bytes=SIZE)
    ferry.bucket.put("system.raw", [b"\x01" * SIZE])
    image_id, task_id = ferry.import_image("system.raw")
    assert _used(ferry) == SIZE

    task = ferry.run(task_id)

    assert (task.status, task.error_code) == (TaskStatus.FAILED, "QuotaExceed.ImageBytes")
    assert f"may take {SIZE}." in task.error_message
    image = rows.find_image(image_id)
    assert image is not None
    assert image.status is ImageStatus.CREATE_FAILED
    assert (ferry.imported, _used(ferry), bool(ferry.leftovers)) == ([], 0, False)


def test_an_image_that_fits_counts_until_it_is_deleted(tmp_path: Path, rows: Rows) -> None:
    ferry = Ferry(tmp_path, rows, max_image_bytes=64 * SIZE)
    ferry.bucket.put("system.raw", [b"\x01" * SIZE])
    image_id, task_id = ferry.import_image("system.raw")

    assert ferry.run(task_id).status is TaskStatus.FINISHED

    (key,) = ferry.imported
    assert _used(ferry) == ferry.catalogue.head(key).size
    ferry.delete_image(image_id)
    assert _used(ferry) == 0
