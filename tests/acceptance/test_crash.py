"""A service that is killed at any moment goes on by itself, ends right and leaves nothing."""

from __future__ import annotations

import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from support.crash import (
    BUCKET,
    TaskRow,
    assert_same_guest_bytes,
    kill_worker,
    left_behind,
    moments,
    programs_of,
    put_by_hand,
    stored,
    watch,
    worker_of,
    write_noise,
)
from support.service import PATIENCE, Service, until

MEBIBYTES = 32
Start = Callable[..., Service]
Moment = Callable[[TaskRow], bool]
Kill = Callable[[Service, Start], Service]


def in_phase(phase: str) -> Moment:
    return lambda row: row.phase == phase


def after_steps(number: int) -> Moment:
    return lambda row: row.steps_done >= number


IMPORT = (in_phase("transfer"), after_steps(1), after_steps(2), in_phase("ended"))
EXPORT = (in_phase("transfer"), in_phase("ended"))
"""Within the first step and at each step's end; the last is between publishing and cleaning up."""


def kill_the_service(service: Service, start: Start) -> Service:
    """End the service as a crash does, wait for the end of all it started, and start it anew."""
    tree = [*psutil.Process(service.process.pid).children(recursive=True)]
    service.kill()
    # A worker that has only begun to start notices it when it has loaded its modules.
    _, alive = psutil.wait_procs(tree, timeout=PATIENCE)
    assert alive == []
    return start(data_dir=service.data_dir)


def kill_only_the_worker(service: Service, _start: Start) -> Service:
    """End the worker; the service starts another one."""
    kill_worker(service)
    return service


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A disk that takes a while."""
    return write_noise(tmp_path_factory.mktemp("disk") / "disk.raw", MEBIBYTES)


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the services have their temporary files."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def _killed(
    service: Service, start: Start, task_id: str, moments: tuple[Moment, ...], kill: Kill
) -> Service:
    """Kill at each of the moments, one after another; the service that runs afterwards."""
    for moment in moments:
        row = watch(service.data_dir, task_id, moment)
        assert moment(row)
        service = kill(service, start)
    return service


@pytest.mark.parametrize("kill", [kill_the_service, kill_only_the_worker])
def test_tasks_survive_a_kill_at_every_step(
    start_service: Start, temporary: Path, disk: Path, kill: Kill
) -> None:
    service = start_service()
    put_by_hand(service, "disk.raw", disk)

    image_id, import_id = service.import_image(BUCKET, "disk.raw")
    service = _killed(service, start_service, import_id, IMPORT, kill)
    assert service.wait_for(import_id)["TaskStatus"] == "Finished"

    exported = service.call("ExportImage", ImageId=image_id, OSSBucket=BUCKET, ImageFormat="raw")
    service = _killed(service, start_service, exported["TaskId"], EXPORT, kill)
    assert service.wait_for(exported["TaskId"])["TaskStatus"] == "Finished"

    _assert_all_is_right(service, temporary, disk, {image_id: ["raw.tar.gz"]})


def test_tasks_survive_kills_at_random_moments(
    start_service: Start, temporary: Path, disk: Path, tmp_path: Path
) -> None:
    service = start_service(worker_slots=3)
    put_by_hand(service, "disk.raw", disk)
    first, first_task = service.import_image(BUCKET, "disk.raw")
    service.wait_for(first_task)
    second, second_task = service.import_image(BUCKET, "disk.raw")
    third, third_task = service.import_image(BUCKET, "disk.raw")
    export = service.call("ExportImage", ImageId=first, OSSBucket=BUCKET, ImageFormat="qcow2")

    for number, seconds in enumerate(moments(5, 1.5, seed=20261122)):
        time.sleep(seconds)
        kill = kill_the_service if number % 2 else kill_only_the_worker
        service = kill(service, start_service)

    for task_id in (second_task, third_task, export["TaskId"]):
        assert service.wait_for(task_id)["TaskStatus"] == "Finished"
    _assert_all_is_right(service, temporary, disk, {first: ["qcow2"], second: [], third: []})


def test_a_killed_worker_counts_as_an_attempt(start_service: Start, disk: Path) -> None:
    service = start_service()
    put_by_hand(service, "disk.raw", disk)
    _, task_id = service.import_image(BUCKET, "disk.raw")
    for attempt in (1, 2):
        row = watch(service.data_dir, task_id, _is_attempt(attempt))
        assert (row.phase, row.attempt) == ("transfer", attempt)
        kill_worker(service)

    task = service.wait_for(task_id)

    assert (task["TaskStatus"], task["TaskProgress"]["Attempt"]) == ("Finished", 3)


def _is_attempt(attempt: int) -> Moment:
    return lambda row: row.attempt == attempt and row.phase == "transfer"


def test_a_killed_worker_takes_its_programs_along_and_is_replaced(
    start_service: Start, tmp_path: Path
) -> None:
    service = start_service(verify="full")
    put_by_hand(service, "disk.raw", write_noise(tmp_path / "large.raw", 512))
    _, task_id = service.import_image(BUCKET, "disk.raw")
    (program,) = until(lambda: programs_of(service), PATIENCE, "A qemu-img")
    worker = worker_of(service)
    assert worker is not None

    worker.kill()

    program.wait(PATIENCE)
    assert until(lambda: worker_of(service) not in {None, worker}, PATIENCE, "Another worker")
    assert service.wait_for(task_id)["TaskStatus"] == "Finished"


def _assert_all_is_right(
    service: Service, temporary: Path, disk: Path, images: dict[str, list[str]]
) -> None:
    """Make sure that images, and exports of them by suffix, hold the disk, and no more is there."""
    data_dir = service.data_dir
    until(lambda: not left_behind(data_dir), PATIENCE, "The end of all leftovers")
    expected = {f"buckets/{BUCKET}/disk.raw"}
    for image_id, suffixes in images.items():
        key = f"images/catalogue/{image_id}-system.qcow2"
        assert_same_guest_bytes(disk, "raw", data_dir / key, "qcow2")
        expected.add(key)
        for suffix in suffixes:
            key = f"buckets/{BUCKET}/{image_id}_system.{suffix}"
            _assert_exported(disk, data_dir / key)
            expected.add(key)
    assert stored(data_dir) == expected
    shown = service.call("DescribeImages")["Images"]["Image"]
    assert {image["ImageId"]: image["Status"] for image in shown} == dict.fromkeys(
        images, "Available"
    )
    assert service.stop() == 0
    assert list(temporary.iterdir()) == []


def _assert_exported(disk: Path, path: Path) -> None:
    if path.suffix == ".gz":
        with tarfile.open(path) as archive:
            (member,) = archive.getmembers()
            file = archive.extractfile(member)
            assert file is not None
            assert file.read() == disk.read_bytes()
    else:
        assert_same_guest_bytes(disk, "raw", path, "qcow2")
