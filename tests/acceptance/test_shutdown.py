"""A service that is told to stop stops soon, with its exit code, and loses no task."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from support.crash import (
    BUCKET,
    left_behind,
    look,
    put_by_hand,
    watch,
    watch_transfer,
    worker_of,
    write_noise,
)
from support.processes import has_ended
from support.service import ENDED, PATIENCE, Service, until

Start = Callable[..., Service]

STRUCTURE = "structure"
"""How images are verified here: nothing stops while their bytes are."""


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A disk that takes some seconds."""
    return write_noise(tmp_path_factory.mktemp("disk") / "disk.raw", 256)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A disk that takes a moment."""
    return write_noise(tmp_path_factory.mktemp("disk") / "small.raw", 1)


def _import(service: Service, *sources: Path) -> list[str]:
    """Start to import files, one a task; the tasks' ids."""
    for source in sources:
        if not (service.data_dir / "buckets" / BUCKET / source.name).exists():
            put_by_hand(service, source.name, source)
    return [service.import_image(BUCKET, source.name)[1] for source in sources]


def _most_running(service: Service, tasks: list[str], dead: set[str | None]) -> int:
    """How many tasks run at once, at most, until all have ended.

    A task that a dead worker had is ``Processing`` by its row, and waits for its turn. The last
    task is looked at first: one that ends meanwhile must not count beside its follower.
    """
    most = 0
    while not set(_statuses(service.data_dir, tasks)) <= ENDED:
        rows = [look(service.data_dir, task_id) for task_id in tasks[::-1]]
        most = max(most, sum(row.owner not in {None, *dead} for row in rows))
        time.sleep(0.01)
    return most


def _statuses(data_dir: Path, tasks: list[str]) -> list[str]:
    return [look(data_dir, task_id).status for task_id in tasks]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_is_not_done_is_handed_to_the_next_start(
    start_service: Start, disk: Path, small: Path, number: signal.Signals
) -> None:
    service = start_service(worker_slots=1, drain_seconds=0, verify=STRUCTURE)
    tasks = _import(service, disk, small, small)
    watch_transfer(service, tasks[0])
    worker = worker_of(service)
    assert worker is not None

    service.process.send_signal(number)

    assert service.stop() == 0
    until(lambda: has_ended(worker), PATIENCE, "The end of its worker")
    assert _statuses(service.data_dir, tasks) == ["Processing", "Waiting", "Waiting"]
    dead = {look(service.data_dir, task_id).owner for task_id in tasks}
    following = start_service(data_dir=service.data_dir, worker_slots=1, verify=STRUCTURE)
    assert _most_running(following, tasks, dead) == 1
    assert _statuses(service.data_dir, tasks) == ["Finished"] * 3
    attempts = [look(service.data_dir, task_id).attempt for task_id in tasks]
    assert attempts == [2, 1, 1]
    until(lambda: not left_behind(service.data_dir), PATIENCE, "The end of all leftovers")


def test_running_tasks_are_let_go_on_for_a_while(
    start_service: Start, disk: Path, small: Path
) -> None:
    service = start_service(worker_slots=1, drain_seconds=60, verify=STRUCTURE)
    tasks = _import(service, disk, small)
    watch_transfer(service, tasks[0])

    assert service.stop() == 0

    assert _statuses(service.data_dir, tasks) == ["Finished", "Waiting"]
    assert left_behind(service.data_dir) == []


def test_whoever_is_in_a_hurry_asks_twice(start_service: Start, disk: Path) -> None:
    service = start_service(drain_seconds=600, verify=STRUCTURE)
    (task_id,) = _import(service, disk)
    watch_transfer(service, task_id)
    service.process.send_signal(signal.SIGTERM)
    until(
        lambda: "worker_stopping" in service.log.read_text(), PATIENCE, "The beginning of the drain"
    )

    service.process.send_signal(signal.SIGTERM)

    assert service.process.wait(PATIENCE) == 0
    assert _statuses(service.data_dir, [task_id]) == ["Processing"]
    following = start_service(data_dir=service.data_dir, verify=STRUCTURE)
    assert following.wait_for(task_id)["TaskStatus"] == "Finished"


def test_an_idle_service_stops_soon(start_service: Start) -> None:
    service = start_service(drain_seconds=600)
    tree = psutil.Process(service.process.pid).children(recursive=True)

    assert service.stop() == 0

    until(lambda: all(has_ended(process) for process in tree), PATIENCE, "The end of its processes")
    assert not (service.data_dir / "addresses.json").exists()


def test_a_worker_of_its_own_drains_and_hands_over(
    start_service: Start, disk: Path, small: Path
) -> None:
    service = start_service("--no-worker", worker_slots=1, drain_seconds=0, verify=STRUCTURE)
    tasks = _import(service, disk, small)
    assert worker_of(service) is None
    for moment in ("first", "second"):
        with subprocess.Popen(
            [sys.executable, "-m", "imageferry", "worker"], env=service.environment
        ) as worker:
            if moment == "first":
                watch(service.data_dir, tasks[0], lambda row: row.phase == "transfer")
            else:
                assert [service.wait_for(task_id)["TaskStatus"] for task_id in tasks] == [
                    "Finished",
                    "Finished",
                ]
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(PATIENCE) == 0
        if moment == "first":
            assert _statuses(service.data_dir, tasks) == ["Processing", "Waiting"]


def test_a_signal_counts_whichever_thread_gets_it(start_service: Start) -> None:
    service = start_service()
    until(lambda: "worker_started" in service.log.read_text(), PATIENCE, "The worker's start")
    worker = worker_of(service)
    assert worker is not None
    other = next(thread.id for thread in worker.threads() if thread.id != worker.pid)

    assert ctypes.CDLL(None).tgkill(worker.pid, other, signal.SIGTERM) == 0

    worker.wait(PATIENCE)
    assert "worker_stopped" in service.log.read_text()


@pytest.mark.parametrize("setting", ["ECS_PORT", "OSS_PORT"])
def test_a_port_that_is_taken_is_told_in_a_sentence(tmp_path: Path, setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = _serve(tmp_path, {f"IMAGEFERRY_{setting}": port})

    assert ended.returncode not in {0, -signal.SIGKILL}
    assert f"127.0.0.1:{port}" in ended.stderr
    assert "Address already in use" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert _processes_of(tmp_path) == []


def test_a_worker_of_a_service_that_cannot_start_says_so(tmp_path: Path) -> None:
    environment = os.environ | {
        "IMAGEFERRY_DATA_DIR": str(tmp_path / "data"),
        "IMAGEFERRY_QEMU_IMG": "/no/such/qemu-img",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "imageferry", "worker", "--with-parent"],
        env=environment,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as worker:
        assert worker.wait(60) > 0
        assert worker.stderr is not None
        said = worker.stderr.read()

    assert "/no/such/qemu-img" in said
    assert "Fatal" not in said


def test_a_service_that_cannot_go_on_takes_its_worker_along(tmp_path: Path) -> None:
    obstacle = tmp_path / "data" / "addresses.new" / "in the way"
    obstacle.mkdir(parents=True)

    ended = _serve(tmp_path, {})

    assert ended.returncode not in {0, -signal.SIGKILL}
    assert "addresses.new" in ended.stderr
    assert _processes_of(tmp_path) == []


def _serve(folder: Path, settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": "/usr/bin:/bin",
        "IMAGEFERRY_DATA_DIR": str(folder / "data"),
        "IMAGEFERRY_ECS_PORT": "0",
        "IMAGEFERRY_OSS_PORT": "0",
        **settings,
    }
    return subprocess.run(
        [sys.executable, "-m", "imageferry", "serve"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def _processes_of(folder: Path) -> list[psutil.Process]:
    """Processes of services in that folder."""
    wanted = str(folder / "data")
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("IMAGEFERRY_DATA_DIR") == wanted:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def test_tasks_of_a_killed_api_process_are_gone_on_with(start_service: Start, disk: Path) -> None:
    service = start_service(verify=STRUCTURE)
    (task_id,) = _import(service, disk)
    watch_transfer(service, task_id)
    worker = worker_of(service)
    assert worker is not None

    service.kill()

    _, alive = psutil.wait_procs([worker], timeout=PATIENCE)
    assert alive == []
    following = start_service(data_dir=service.data_dir, verify=STRUCTURE)
    assert following.wait_for(task_id)["TaskStatus"] in ENDED
    ended = look(service.data_dir, task_id)
    assert (ended.status, ended.attempt) == ("Finished", 2)
