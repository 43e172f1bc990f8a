"""What crash and cancel tests see of a running service from outside: its rows, files, processes."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psutil

from imageferry.buckets.folder import FolderStore
from imageferry.engine import leftovers
from imageferry.images.catalogue import open_catalogue
from support.processes import has_ended
from support.rows import REGION, open_database
from support.service import Service

BUCKET = "golden"
GLANCE_SECONDS = 0.002
"""How often a row is looked at: a step of a small image takes some tens of milliseconds."""


def write_noise(path: Path, mebibytes: int, seed: int = 0) -> Path:
    """Write a raw disk of random bytes, which no format stores in less."""
    block = random.Random(seed).randbytes(min(mebibytes, 32) << 20)
    with path.open("wb") as file:
        for _ in range(0, mebibytes, 32):
            file.write(block)
        file.truncate(mebibytes << 20)
    return path


def put_by_hand(service: Service, key: str, source: Path) -> None:
    """Make a file an object as a user may who copies it into the bucket's folder."""
    service.make_bucket(BUCKET)
    (service.data_dir / "buckets" / BUCKET / key).hardlink_to(source)


@dataclass(frozen=True)
class TaskRow:
    """A task as its row and the engine's rows say: what a client does not see."""

    status: str
    phase: str
    attempt: int
    owner: str | None
    steps_done: int


def look(data_dir: Path, task_id: str) -> TaskRow:
    """Read a task's row, whether or not a service runs."""
    with closing(sqlite3.connect(data_dir / "imageferry.db", timeout=30)) as connection:
        row = connection.execute(
            "SELECT status, phase, attempt, owner, (SELECT count(*) FROM operation_outputs"
            " WHERE workflow_uuid = task_id) FROM tasks WHERE task_id = ?",
            (task_id,),
        ).fetchone()
    return TaskRow(*row)


def watch(
    data_dir: Path, task_id: str, until: Callable[[TaskRow], bool], seconds: float = 60
) -> TaskRow:
    """Look at a task's row until it is as it should be, or has ended.

    Raises:
        TimeoutError: neither has come within so many seconds.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        row = look(data_dir, task_id)
        if row.phase == "ended" or until(row):
            return row
        time.sleep(GLANCE_SECONDS)
    raise TimeoutError(f"{task_id} is still {look(data_dir, task_id)}")


def watch_transfer(service: Service, task_id: str) -> None:
    """Wait until a task moves bytes.

    Raises:
        AssertionError: it ended before that was seen.
    """
    row = watch(service.data_dir, task_id, lambda row: row.phase == "transfer")
    assert row.phase == "transfer", row


def worker_of(service: Service) -> psutil.Process | None:
    """The service's worker, if it has one now."""
    children: list[psutil.Process] = psutil.Process(service.process.pid).children()
    return children[0] if children else None


def kill_worker(service: Service) -> None:
    """End the worker by SIGKILL, as the kernel does when memory runs out."""
    worker = worker_of(service)
    if worker is not None:
        worker.kill()


def programs_of(service: Service) -> list[psutil.Process]:
    """Every qemu-img that works for a task of the service."""
    descendants = psutil.Process(service.process.pid).children(recursive=True)
    return [process for process in descendants if _works(process)]


def _works(process: psutil.Process) -> bool:
    try:
        # A worker that starts asks qemu-img for its version first.
        is_qemu_img: bool = process.name() == "qemu-img" and "--version" not in process.cmdline()
        return is_qemu_img and not has_ended(process)
    except psutil.NoSuchProcess:
        return False


def scratch_of(data_dir: Path) -> list[Path]:
    """Every file in the making."""
    return [path for path in (data_dir / "scratch").rglob("*") if path.is_file()]


def stored(data_dir: Path) -> set[str]:
    """The name of every file in buckets and catalogue, files in the making included."""
    return {
        path.relative_to(data_dir).as_posix()
        for folder in ("buckets", "images")
        for path in (data_dir / folder).rglob("*")
        if path.is_file() and (".imageferry" not in path.parts or path.name.startswith(".new-"))
    }


def left_behind(data_dir: Path) -> list[object]:
    """What belongs to no task and no image."""
    database = open_database(data_dir / "imageferry.db")
    try:
        catalogue = open_catalogue(FolderStore(data_dir / "images"), REGION)
        found = leftovers.find(database, catalogue, data_dir / "scratch")
    finally:
        database.close()
    return [*found.scratch, *found.catalogue, *scratch_of(data_dir)]


def assert_same_guest_bytes(one: Path, one_format: str, other: Path, other_format: str) -> None:
    """Make sure by qemu-img that a guest sees the same in two images."""
    compared = subprocess.run(
        ["qemu-img", "compare", "-f", one_format, "-F", other_format, one, other],
        capture_output=True,
        text=True,
        check=False,
    )
    assert compared.returncode == 0, compared.stdout + compared.stderr


def moments(count: int, seconds: float, seed: int) -> Iterator[float]:
    """Random times to wait, the same ones in every run."""
    chance = random.Random(seed)
    for _ in range(count):
        yield chance.uniform(0, seconds)
