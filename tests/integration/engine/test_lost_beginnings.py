"""Uploads that a task began in a store without ever hearing of them: nothing is left of them."""

from __future__ import annotations

import pytest

from imageferry.engine import leftovers
from imageferry.tasks.model import TaskStatus
from support import faults
from support.disks import DISK
from support.dying_worker import dying_worker
from support.faults import Asked, FaultyStore
from support.ferry import Ferry
from support.rows import ON_SQLITE

pytestmark = ON_SQLITE
EVERYTHING = 1 << 40
SECONDS = 120


def begins_upload(asked: Asked) -> bool:
    return asked.begins_upload


def uploads(ferry: Ferry) -> int:
    return len([*ferry.catalogue.uploads(), *ferry.bucket.uploads()])


def kill_at_the_beginning(ferry: Ferry, task_id: str, proxy: FaultyStore) -> None:
    """Kill a worker when the store has begun an upload for it, and has not answered yet."""
    proxy.inject(faults.withheld, begins_upload, times=1)
    with dying_worker(ferry, task_id, after=EVERYTHING) as worker:
        assert proxy.stalled.wait(SECONDS)
        worker.kill()
        worker.wait(SECONDS)
    proxy.heal()
    assert uploads(ferry) == 1


@pytest.fixture
def ferry(behind_proxy: Ferry) -> Ferry:
    """An installation with a disk to import."""
    behind_proxy.bucket.put("disk.raw", [DISK])
    return behind_proxy


def test_an_import_whose_worker_dies_at_the_beginning_leaves_no_upload(
    ferry: Ferry, proxy: FaultyStore
) -> None:
    _, task_id = ferry.import_image("disk.raw")
    kill_at_the_beginning(ferry, task_id, proxy)

    assert ferry.run(task_id).status is TaskStatus.FINISHED

    assert uploads(ferry) == 0
    assert ferry.disk_bytes(ferry.imported[0]) == DISK


def test_an_export_that_is_cancelled_after_its_worker_died_at_the_beginning_leaves_no_upload(
    ferry: Ferry, proxy: FaultyStore
) -> None:
    image_id, import_id = ferry.import_image("disk.raw")
    ferry.run(import_id)
    task_id = ferry.export_image(image_id, "qcow2")
    kill_at_the_beginning(ferry, task_id, proxy)
    ferry.cancel(task_id)
    database = ferry.context.database
    (staged,) = leftovers.find_staged(database, [ferry.bucket, ferry.catalogue])
    assert staged.task_id == task_id

    ferry.clean_up(task_id)

    assert uploads(ferry) == 0
    assert leftovers.find_staged(database, [ferry.bucket, ferry.catalogue]) == []
    assert ferry.objects == ["disk.raw"]


def test_a_task_that_is_told_of_its_second_upload_only_leaves_no_other(
    ferry: Ferry, proxy: FaultyStore
) -> None:
    _, task_id = ferry.import_image("disk.raw")
    proxy.inject(faults.lost, begins_upload, times=1)

    assert ferry.run(task_id).status is TaskStatus.FINISHED

    assert (proxy.failed, uploads(ferry)) == (1, 0)
