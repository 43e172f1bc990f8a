"""Imports and exports through an S3 store that fails in every way that stores do.

What passes is tried again and does no harm; what lasts is the reason of the task's failure.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from imageferry.buckets import remote_transfer
from imageferry.buckets.remote_store import RemoteStore
from imageferry.buckets.s3 import S3Client
from imageferry.tasks.model import Task, TaskStatus
from support import faults
from support.faults import Asked, Fault, FaultyStore
from support.ferry import Ferry, guest_bytes
from support.rows import ON_SQLITE, Rows
from support.seaweedfs import S3Server

pytestmark = ON_SQLITE
DISK = random.Random(7).randbytes(12 << 20)
KEY = "disk.raw"
PASSING: tuple[Fault, ...] = (faults.unavailable, faults.cut_short, faults.reset)
SECONDS = 45
"""Less than the time for which one attempt waits for a silent store."""


@pytest.fixture
def store(seaweedfs: S3Server) -> Iterator[FaultyStore]:
    with faults.faulty_store(seaweedfs.endpoint) as store:
        yield store


@pytest.fixture
def client(seaweedfs: S3Server, store: FaultyStore) -> S3Client:
    return seaweedfs.remote_client(store.url)


@pytest.fixture
def ferry(tmp_path: Path, rows: Rows, client: S3Client, monkeypatch: pytest.MonkeyPatch) -> Ferry:
    """An installation that has everything behind the proxy."""
    monkeypatch.setattr(remote_transfer, "_FIRST_PAUSE_SECONDS", 0.01)
    ferry = Ferry(
        tmp_path / "data",
        rows,
        store=RemoteStore(client, "buckets/"),
        image_store=RemoteStore(client, "images/"),
    )
    ferry.bucket.put(KEY, [DISK])
    return ferry


def is_range(asked: Asked) -> bool:
    return asked.is_range and KEY in asked.path


def is_part(asked: Asked) -> bool:
    return asked.is_part


def _has_left_nothing(ferry: Ferry, client: S3Client) -> None:
    assert (ferry.imported, ferry.scratch, bool(ferry.leftovers)) == ([], [], False)
    assert list(client.uploads("")) == []


@pytest.mark.parametrize("fault", PASSING)
def test_an_import_goes_on_after_what_passes(
    ferry: Ferry, store: FaultyStore, fault: Fault
) -> None:
    image_id, task_id = ferry.import_image(KEY)
    store.inject(fault, lambda asked: is_range(asked) or is_part(asked), times=4)

    assert ferry.run(task_id).status is TaskStatus.FINISHED

    assert store.failed == 4
    assert ferry.disk_bytes(f"{image_id}-system.qcow2") == DISK


@pytest.mark.parametrize("fault", PASSING)
def test_an_import_goes_on_though_a_small_answer_breaks_off(
    ferry: Ferry, store: FaultyStore, fault: Fault
) -> None:
    _, task_id = ferry.import_image(KEY)
    store.inject(fault, lambda asked: asked.method == "GET" and not asked.is_range, times=2)

    assert ferry.run(task_id).status is TaskStatus.FINISHED

    assert store.failed == 2


@pytest.mark.parametrize("fault", PASSING)
def test_an_export_goes_on_after_what_passes(
    ferry: Ferry, store: FaultyStore, fault: Fault
) -> None:
    image_id, task_id = ferry.import_image(KEY)
    ferry.run(task_id)
    store.inject(fault, lambda asked: asked.is_range or is_part(asked), times=4)

    task = ferry.run(ferry.export_image(image_id, "qcow2"))

    assert (task.status, store.failed) == (TaskStatus.FINISHED, 4)
    with ferry.bucket.open(task.request["Objects"][0]) as exported:
        assert guest_bytes(exported.pread(0, exported.size), "qcow2") == DISK


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (faults.unavailable, "SlowDown"),
        (faults.cut_short, "the remote store"),
        (faults.reset, "the remote store did not answer"),
        (faults.page, "HTTP status 200"),
    ],
)
def test_an_import_fails_with_the_reason_that_lasts(
    ferry: Ferry, store: FaultyStore, client: S3Client, fault: Fault, reason: str
) -> None:
    _, task_id = ferry.import_image(KEY)
    store.inject(fault, is_range)

    task = ferry.run(task_id)

    assert (task.status, task.error_code) == (TaskStatus.FAILED, "SourceReadFailed")
    assert reason in task.error_message
    assert "start the task again" in task.error_message
    _has_left_nothing(ferry, client)


def test_an_import_fails_with_the_reason_where_a_page_says_that_an_upload_was_begun(
    ferry: Ferry, store: FaultyStore, client: S3Client
) -> None:
    _, task_id = ferry.import_image(KEY)
    store.inject(faults.page, lambda asked: asked.begins_upload)

    task = ferry.run(task_id)

    assert (task.status, task.error_code) == (TaskStatus.FAILED, "OSSAccessFailed")
    assert "HTTP status 200" in task.error_message
    _has_left_nothing(ferry, client)


def test_an_export_fails_with_the_reason_that_lasts_and_leaves_no_object(
    ferry: Ferry, store: FaultyStore, client: S3Client
) -> None:
    image_id, task_id = ferry.import_image(KEY)
    ferry.run(task_id)
    store.inject(faults.unavailable, is_part)

    task = ferry.run(ferry.export_image(image_id, "qcow2"))

    assert (task.status, task.error_code) == (TaskStatus.FAILED, "OSSAccessFailed")
    assert ferry.objects == [KEY]
    assert list(client.uploads("")) == []


class Running:
    """A task that is carried out meanwhile."""

    def __init__(self, ferry: Ferry, task_id: str) -> None:
        self.task: Task | None = None
        self._ferry = ferry
        self._thread = threading.Thread(target=self._run, args=(task_id,), daemon=True)
        self._thread.start()

    def _run(self, task_id: str) -> None:
        self.task = self._ferry.run(task_id)

    def end(self) -> Task:
        """The task once its work has ended, which must not wait for the store."""
        self._thread.join(SECONDS)
        assert self.task is not None, "the work still waits for the store"
        return self.task


@pytest.mark.parametrize(("fault", "which"), [(faults.stall, is_range), (faults.silence, is_part)])
def test_a_cancelled_task_does_not_wait_for_a_silent_store(
    ferry: Ferry, store: FaultyStore, client: S3Client, fault: Fault, which: faults.Choice
) -> None:
    _, task_id = ferry.import_image(KEY)
    store.inject(fault, which)
    running = Running(ferry, task_id)
    assert store.stalled.wait(SECONDS)

    ferry.cancel(task_id)

    assert running.end().status is TaskStatus.DELETED
    _has_left_nothing(ferry, client)


def test_a_worker_that_lost_its_task_does_not_wait_for_a_silent_store(
    ferry: Ferry, store: FaultyStore
) -> None:
    _, task_id = ferry.import_image(KEY)
    store.inject(faults.stall, is_range, times=1)
    running = Running(ferry, task_id)
    assert store.stalled.wait(SECONDS)

    assert ferry.run(task_id).status is TaskStatus.FINISHED

    running.end()
    assert [event.event for event in ferry.rows.events(task_id)].count("finished") == 1
    assert ferry.disk_bytes(ferry.imported[0]) == DISK
