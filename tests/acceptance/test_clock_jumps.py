"""The wall clock is set an hour forth or back while tasks run: nothing comes of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
import urllib3

from imageferry.database.connection import Database
from imageferry.engine import presence
from imageferry.tasks.tables import tasks
from support.cluster import Machine
from support.ferry import guest_bytes
from support.nursery import CLOCKS, Nursery, nursery
from support.postgresql import PostgreSQLServer
from support.service import PATIENCE, ApiRefusedError, Service, until
from support.wall_clock import WallClock

BUCKET = "golden"
DISK = random.Random(17).randbytes(4 << 20)
HOUR = timedelta(hours=1)
NO_TIME = timedelta(0)
TIMEOUT_SECONDS = 12
BEATS = 11
"""Signs of life in more than the time after which a worker without any is taken for dead."""


@pytest.fixture(scope="module")
def quick() -> Iterator[Nursery]:
    with nursery(CLOCKS) as started:
        yield started


@contextmanager
def _machine(
    folder: Path, quick: Nursery, clock: WallClock, **settings: object
) -> Iterator[Machine]:
    folder.mkdir()
    running = Machine(
        folder=folder,
        settings={"keep_tasks_days": 1, "verify": "structure", **settings},
        launch=quick.with_clock(clock),
    )
    try:
        running.start_api().put(BUCKET, "disk.raw", DISK)
        yield running
    finally:
        running.end()


def _assert_finished_once(api: Service, database: Database, image_id: str, task_id: str) -> None:
    """Make sure that one worker made an image in one go, and that its moments follow each other."""
    assert api.wait_for(task_id)["TaskStatus"] == "Finished"
    with database.read() as connection:
        row = connection.execute(sa.select(tasks).where(tasks.c.task_id == task_id)).one()
        events = sa.text("SELECT event FROM task_events WHERE task_id = :id")
        happened = connection.execute(events, {"id": task_id}).scalars().all()
    assert (row.attempt, happened.count("finished")) == (1, 1)
    assert row.created <= row.started <= row.finished
    shown = api.call("DescribeTasks", TaskIds=task_id)["TaskSet"]["Task"][0]
    assert shown["CreationTime"] <= shown["FinishedTime"]
    stored = api.data_dir / "images" / "catalogue" / f"{image_id}-system.qcow2"
    assert guest_bytes(stored.read_bytes(), "qcow2") == DISK


def _begun(api: Service, **parameters: object) -> tuple[str, str]:
    """Import the disk, and return the ids when its bytes are being moved."""
    image_id, task_id = api.import_image(BUCKET, "disk.raw", **parameters)
    until(lambda: _has_begun(api, task_id), PATIENCE, "The transfer")
    return image_id, task_id


def _has_begun(api: Service, task_id: str) -> bool:
    return bool(api.task(task_id)["TaskProgress"]["Phase"] != "queued")


def _signed_in(api: Service) -> Callable[[], bool]:
    """Sign in to the console; what says whether one still is."""
    with urllib3.PoolManager(retries=False) as http:
        reply = http.request(
            "POST",
            f"{api.ecs}/console/sign-in",
            body=urlencode(
                {
                    "access_key_id": api.access_key_id,
                    "access_key_secret": api.access_key_secret,
                }
            ),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
    cookie = reply.headers["Set-Cookie"].partition(";")[0]

    def still() -> bool:
        address = f"{api.ecs}/console/tasks"
        answer = urllib3.request("GET", address, headers={"Cookie": cookie}, redirect=False)
        return answer.status == 200

    return still


def test_a_clock_that_is_set_forth_and_back_changes_nothing(tmp_path: Path, quick: Nursery) -> None:
    clock = WallClock(tmp_path / "clock")
    with (
        _machine(tmp_path / "machine", quick, clock) as machine,
        closing(Database(machine.machines()[0].resolved_database_url)) as database,
    ):
        (api,) = machine.services
        api.clock = clock.now
        worker = machine.start_worker()
        is_signed_in = _signed_in(api)
        first = api.import_image(BUCKET, "disk.raw", ClientToken="once")
        _assert_finished_once(api, database, *first)

        for ahead in (HOUR, NO_TIME, -HOUR, NO_TIME):
            begun = _begun(api)
            clock.set(ahead)
            assert api.import_image(BUCKET, "disk.raw", ClientToken="once") == first
            assert is_signed_in()
            _assert_finished_once(api, database, *begun)

        clock.set(HOUR)
        worker.end()
        machine.restart_worker(worker)  # which looks at once for tasks that are too old
        _assert_finished_once(api, database, *_begun(api))
        assert api.call("DescribeTasks")["TotalCount"] == 6


def test_a_client_whose_clock_differs_by_an_hour_is_told_so(tmp_path: Path, quick: Nursery) -> None:
    clock = WallClock(tmp_path / "clock")
    with _machine(tmp_path / "machine", quick, clock) as machine:
        (api,) = machine.services
        clock.set(HOUR)

        with pytest.raises(ApiRefusedError) as refused:
            api.call("DescribeTasks")

        clock.set(NO_TIME)
        assert api.call("DescribeTasks")["TotalCount"] == 0
    assert (refused.value.status, refused.value.code) == (400, "InvalidTimeStamp.Expired")


def test_workers_whose_clocks_differ_by_hours_take_none_of_them_for_dead(
    tmp_path: Path, quick: Nursery, postgresql: PostgreSQLServer
) -> None:
    clocks = [WallClock(tmp_path / name) for name in ("api", "one", "other")]
    with (
        postgresql.copy_of("template1") as url,
        _machine(
            tmp_path / "machine",
            quick,
            clocks[0],
            database_url=url,
            worker_timeout_seconds=TIMEOUT_SECONDS,
            lease_seconds=TIMEOUT_SECONDS - 2,
            worker_slots=1,
        ) as machine,
        closing(Database(url)) as database,
    ):
        (api,) = machine.services
        api.clock = clocks[0].now
        for clock in clocks[1:]:
            machine.launch = quick.with_clock(clock)
            machine.start_worker()
        before = _beats(database)

        for ahead in ((NO_TIME, HOUR, -HOUR), (HOUR, -HOUR, HOUR)):
            begun = [_begun(api) for _ in clocks[1:]]
            for clock, by in zip(clocks, ahead, strict=True):
                clock.set(by)
            for image_id, task_id in begun:
                _assert_finished_once(api, database, image_id, task_id)

        until(lambda: min(_beats(database).values()) > BEATS, PATIENCE, "Signs of life")
        assert _beats(database).keys() == before.keys()
        assert [worker.process.poll() for worker in machine.workers] == [None, None]


def _beats(database: Database) -> Mapping[str, int]:
    with database.read() as connection:
        return presence.beats(connection)
