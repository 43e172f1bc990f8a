"""A task that is cancelled stops at once and leaves nothing, whatever it is doing."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psutil
import pytest

from support.crash import (
    BUCKET,
    left_behind,
    look,
    moments,
    programs_of,
    put_by_hand,
    stored,
    watch,
    watch_transfer,
    worker_of,
    write_noise,
)
from support.service import PATIENCE, ApiRefusedError, Service, services, until

STOPPED_WITHIN = 2.0
"""Seconds of a processor, of which a whole import takes three times as many."""

NOTHING_TO_CANCEL = "InvalidTaskId.IncorrectTaskStatus"


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that runs one task at a time, with a big disk and a small one in a bucket."""
    folder = tmp_path_factory.mktemp("cancel")
    with services(folder) as start:
        service = start(worker_slots=1)
        put_by_hand(service, "big.raw", write_noise(folder / "big.raw", 1024))
        put_by_hand(service, "small.raw", write_noise(folder / "small.raw", 1))
        yield service


@pytest.fixture(autouse=True)
def _nothing_is_left(busy: Service) -> Iterator[None]:
    before = stored(busy.data_dir)
    yield
    until(lambda: not programs_of(busy), PATIENCE, "The end of all programs")
    until(lambda: not left_behind(busy.data_dir), PATIENCE, "The end of all leftovers")
    images = {image["ImageId"] for image in _images(busy)}
    catalogue = {f"images/catalogue/{image_id}-system.qcow2" for image_id in images}
    buckets = {name for name in before if name.startswith("buckets/")}
    assert stored(busy.data_dir) == catalogue | buckets


def _images(service: Service) -> list[dict[str, str]]:
    images: list[dict[str, str]] = service.call(
        "DescribeImages", Status="Waiting,Creating,Available,CreateFailed", PageSize=100
    )["Images"]["Image"]
    return images


def _status(service: Service, image_id: str) -> list[str]:
    return [image["Status"] for image in _images(service) if image["ImageId"] == image_id]


def _stop_within_time(service: Service, task_id: str) -> None:
    """Cancel a task, and make sure that it ends with its programs and files, and works no more.

    Processor time tells so however busy the machine is.
    """
    worker = worker_of(service)
    assert worker is not None
    worked_before = _worked(worker)
    service.call("CancelTask", TaskId=task_id)

    assert service.task(task_id)["TaskStatus"] == "Deleted"
    until(
        lambda: not programs_of(service) and not left_behind(service.data_dir),
        PATIENCE,
        "The end of programs and files",
    )
    assert _worked(worker) - worked_before < STOPPED_WITHIN


def _worked(process: psutil.Process) -> float:
    """The seconds that a process has worked, and those of its children that have ended."""
    times = process.cpu_times()
    seconds: float = times.user + times.system + times.children_user + times.children_system
    return seconds


def test_a_running_import_stops_at_once(busy: Service) -> None:
    image_id, task_id = busy.import_image(BUCKET, "big.raw")
    watch_transfer(busy, task_id)
    assert _status(busy, image_id) == ["Creating"]

    _stop_within_time(busy, task_id)

    assert _status(busy, image_id) == []
    task = busy.task(task_id)
    (disk,) = task["OperationProgressSet"]["OperationProgress"]
    assert (disk["OperationStatus"], disk["ErrorCode"]) == ("Failed", "TaskCancelled")
    assert task["SupportCancel"] == "false"


def test_a_waiting_import_is_never_begun(busy: Service) -> None:
    _, running = busy.import_image(BUCKET, "big.raw")
    watch_transfer(busy, running)
    image_id, waiting = busy.import_image(BUCKET, "small.raw")
    _, following = busy.import_image(BUCKET, "small.raw")
    assert busy.task(waiting)["TaskStatus"] == "Waiting"

    busy.call("CancelTask", TaskId=waiting)

    assert busy.task(waiting)["TaskStatus"] == "Deleted"
    assert _status(busy, image_id) == []
    _stop_within_time(busy, running)
    assert busy.wait_for(following)["TaskStatus"] == "Finished"
    assert look(busy.data_dir, waiting).attempt == 0


def test_a_task_that_has_ended_is_not_cancelled(busy: Service) -> None:
    image_id, task_id = busy.import_image(BUCKET, "small.raw")
    busy.wait_for(task_id)

    with pytest.raises(ApiRefusedError) as refused:
        busy.call("CancelTask", TaskId=task_id)

    assert refused.value.code == NOTHING_TO_CANCEL
    assert busy.task(task_id)["TaskStatus"] == "Finished"
    assert _status(busy, image_id) == ["Available"]


@pytest.fixture(scope="module")
def big_image(busy: Service) -> str:
    """An image whose export takes some seconds."""
    image_id, task_id = busy.import_image(BUCKET, "big.raw")
    assert busy.wait_for(task_id)["TaskStatus"] == "Finished"
    return image_id


def test_a_running_export_stops_at_once(busy: Service, big_image: str) -> None:
    export = busy.call("ExportImage", ImageId=big_image, OSSBucket=BUCKET, ImageFormat="raw")
    watch_transfer(busy, export["TaskId"])

    _stop_within_time(busy, export["TaskId"])

    assert _status(busy, big_image) == ["Available"]


@pytest.mark.parametrize(
    "seconds", [round(seconds, 3) for seconds in moments(10, 0.25, seed=20261122)]
)
def test_a_cancel_and_an_end_at_once_leave_one_of_the_two(busy: Service, seconds: float) -> None:
    image_id, task_id = busy.import_image(BUCKET, "small.raw")
    watch(busy.data_dir, task_id, lambda row: row.phase == "verify")
    time.sleep(seconds)

    cancelled = _cancel(busy, task_id)

    assert busy.wait_for(task_id)["TaskStatus"] == ("Deleted" if cancelled else "Finished")
    assert _status(busy, image_id) == ([] if cancelled else ["Available"])


def _cancel(service: Service, task_id: str) -> bool:
    """Cancel a task if it is not too late for it, and say whether it was."""
    try:
        service.call("CancelTask", TaskId=task_id)
    except ApiRefusedError as refused:
        if refused.code != NOTHING_TO_CANCEL:
            raise
        return False
    return True
