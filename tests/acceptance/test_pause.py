"""A paused task frees its worker, keeps what it has, and goes on whatever dies meanwhile."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest
import sqlalchemy as sa

from imageferry.database.connection import Database
from support.crash import (
    BUCKET,
    assert_same_guest_bytes,
    kill_worker,
    left_behind,
    programs_of,
    put_by_hand,
    stored,
    worker_of,
    write_noise,
)
from support.postgresql import PostgreSQLServer
from support.service import ApiRefusedError, Service, services, until

PATIENCE_SECONDS = 90


ON_SQLITE = pytest.mark.parametrize("busy", ["sqlite"], indirect=True)
ON_BOTH = pytest.mark.parametrize("busy", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(scope="module")
def busy(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    postgresql: PostgreSQLServer,
) -> Iterator[Service]:
    """A service that runs one task at a time, with a big disk and a small one in a bucket."""
    folder = tmp_path_factory.mktemp("pause")
    with postgresql.copy_of("template1") as url, services(folder) as start:
        where = {} if request.param == "sqlite" else {"database_url": url}
        service = start(worker_slots=1, verify="structure", **where)
        put_by_hand(service, "big.raw", write_noise(folder / "big.raw", 768))
        put_by_hand(service, "small.raw", write_noise(folder / "small.raw", 1))
        yield service


def _is_parked(service: Service, task_id: str) -> bool:
    """Whether no worker has anything to do with a paused task any more."""
    with closing(_database(service)) as database, database.read() as connection:
        parked = sa.text("SELECT parked FROM tasks WHERE task_id = :task_id")
        return bool(connection.execute(parked, {"task_id": task_id}).scalar_one())


def _database(service: Service) -> Database:
    default = f"sqlite:///{service.data_dir}/imageferry.db"
    return Database(service.environment.get("IMAGEFERRY_DATABASE_URL", default))


def _paused_at_work(service: Service) -> tuple[str, str]:
    """Import the big disk, and pause that while a worker is at it."""
    image_id, task_id = service.import_image(BUCKET, "big.raw")
    until(lambda: _phase(service, task_id) != "queued", PATIENCE_SECONDS, "The work")
    service.call("PauseTask", TaskId=task_id, Reason="The network is needed")
    return image_id, task_id


def _phase(service: Service, task_id: str) -> str:
    phase: str = service.task(task_id)["TaskProgress"]["Phase"]
    return phase


@ON_BOTH
def test_a_paused_import_frees_its_slot_and_goes_on(busy: Service) -> None:
    image_id, task_id = _paused_at_work(busy)

    _, other = busy.import_image(BUCKET, "small.raw")
    assert busy.wait_for(other)["TaskStatus"] == "Finished"
    until(lambda: not programs_of(busy), PATIENCE_SECONDS, "The end of all programs")
    task = busy.task(task_id)
    assert (task["TaskStatus"], task["PauseReason"]) == ("Paused", "The network is needed")
    busy.call("ResumeTask", TaskId=task_id)

    assert busy.wait_for(task_id)["TaskStatus"] == "Finished"
    assert busy.task(task_id)["TaskProgress"]["Attempt"] == 1
    disk = busy.data_dir / "images" / "catalogue" / f"{image_id}-system.qcow2"
    big = busy.data_dir / "buckets" / BUCKET / "big.raw"
    assert_same_guest_bytes(big, "raw", disk, "qcow2")


@ON_SQLITE
def test_a_worker_that_dies_while_a_task_is_paused_changes_nothing(busy: Service) -> None:
    _, task_id = _paused_at_work(busy)
    until(lambda: _is_parked(busy, task_id), PATIENCE_SECONDS, "The end of the work")
    before = worker_of(busy)
    kill_worker(busy)
    until(lambda: worker_of(busy) not in {None, before}, PATIENCE_SECONDS, "Another worker")

    _, other = busy.import_image(BUCKET, "small.raw")
    assert busy.wait_for(other)["TaskStatus"] == "Finished"
    assert busy.task(task_id)["TaskStatus"] == "Paused"
    tasks = [check for check in _checks(busy) if check["Name"] == "tasks"]
    assert [check["State"] for check in tasks] == ["ok"]
    busy.call("ResumeTask", TaskId=task_id)

    assert busy.wait_for(task_id)["TaskStatus"] == "Finished"


def _checks(service: Service) -> list[dict[str, str]]:
    """What the doctor says."""
    said = subprocess.run(
        [sys.executable, "-m", "imageferry", "doctor", "--json"],
        env=service.environment,
        stdout=subprocess.PIPE,
        check=False,
    )
    checks: list[dict[str, str]] = json.loads(said.stdout)["Checks"]
    return checks


@ON_SQLITE
def test_a_paused_task_that_is_cancelled_leaves_nothing(busy: Service) -> None:
    before = stored(busy.data_dir)
    _, task_id = _paused_at_work(busy)
    until(lambda: _is_parked(busy, task_id), PATIENCE_SECONDS, "The end of the work")

    busy.call("CancelTask", TaskId=task_id)

    assert busy.task(task_id)["TaskStatus"] == "Deleted"
    until(lambda: stored(busy.data_dir) == before, PATIENCE_SECONDS, "The end of what it stored")
    until(lambda: not left_behind(busy.data_dir), PATIENCE_SECONDS, "The end of leftovers")


@ON_BOTH
def test_pauses_and_resumes_in_a_row_leave_one_run(busy: Service) -> None:
    _, task_id = busy.import_image(BUCKET, "big.raw")
    done = 0
    for _ in range(40):
        for action in ("PauseTask", "ResumeTask"):
            done += _is_done(busy, action, task_id)

    assert done >= 2
    assert busy.wait_for(task_id)["TaskStatus"] == "Finished"
    assert busy.task(task_id)["TaskProgress"]["Attempt"] == 1


def _is_done(service: Service, action: str, task_id: str) -> bool:
    """Whether a task's status allowed an action."""
    try:
        service.call(action, TaskId=task_id)
    except ApiRefusedError as refused:
        if refused.code != "InvalidTaskId.IncorrectTaskStatus":
            raise
        return False
    return True
