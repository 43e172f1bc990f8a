from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Semaphore
from typing import Any

import pytest
import sqlalchemy as sa

from imageferry.database import connection as connections
from imageferry.database.connection import Database
from imageferry.engine import ownership as module
from imageferry.engine.ownership import Ownership, OwnershipLostError
from imageferry.imaging.lease import LeaseExpiredError, seconds_since_boot
from imageferry.tasks import transitions
from imageferry.tasks.model import DiskStatus, Phase, TaskStatus
from support.rows import ON_POSTGRESQL, ON_SQLITE, Rows
from support.service import until


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEARTBEAT_SECONDS", 0.02)


@pytest.fixture
def ownership(rows: Rows) -> Ownership:
    return Ownership.claim(rows.database, rows.task(), 60)


class Work:
    """Work that goes on until it is stopped, and takes a moment to stop."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.stopped = False

    async def go_on(self) -> None:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            self.stopped = True


async def _noop() -> None:
    pass


def test_a_claim_takes_the_task_up(rows: Rows) -> None:
    task_id = rows.task()

    first = Ownership.claim(rows.database, task_id, 60)
    second = Ownership.claim(rows.database, task_id, 60)

    assert (first.task.attempt, second.task.attempt) == (1, 2)
    assert (first.task.status, first.task.owner) != (second.task.status, second.task.owner)
    assert second.task == rows.find(task_id)


@pytest.mark.parametrize("task_id", ["", "t-unknown"])
def test_a_task_that_has_ended_or_is_not_there_is_not_claimed(rows: Rows, task_id: str) -> None:
    if not task_id:
        task_id = rows.task()
        rows.change(transitions.cancel, task_id, "")

    with pytest.raises(OwnershipLostError):
        Ownership.claim(rows.database, task_id, 60)


def test_work_that_has_finished_its_task_is_let_end(
    ownership: Ownership, monkeypatch: pytest.MonkeyPatch
) -> None:
    beats = Semaphore(0)
    record_progress = transitions.record_progress

    def recorded(*arguments: Any, **values: Any) -> bool:
        held = record_progress(*arguments, **values)
        if not held:
            beats.release()
        return held

    monkeypatch.setattr(transitions, "record_progress", recorded)
    ended: list[bool] = []

    async def work() -> None:
        await asyncio.to_thread(_finish, ownership)
        ended.extend([await asyncio.to_thread(beats.acquire, timeout=60) for _ in range(3)])

    asyncio.run(ownership.run(work()))

    assert ended == [True] * 3


def test_work_that_ends_ends_the_hold(ownership: Ownership) -> None:
    asyncio.run(ownership.run(_noop()))


def test_what_the_work_raises_is_raised(ownership: Ownership) -> None:
    async def fail_at_once() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(ownership.run(fail_at_once()))


def test_progress_is_written_and_renews_the_lease(
    ownership: Ownership, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewed, moments = asyncio.Event(), [seconds_since_boot()]
    renew = ownership.lease.renew

    def note(moment: float) -> None:
        renew(moment)
        moments.append(moment)
        if len(moments) > 2:
            renewed.set()

    monkeypatch.setattr(ownership.lease, "renew", note)

    async def advance() -> None:
        ownership.enter(Phase.TRANSFER, {1: 100})
        ownership.meter.advance(1, 50)
        await renewed.wait()

    asyncio.run(ownership.run(advance()))

    task = rows.find(ownership.task.task_id)
    assert (task.phase, task.bytes_done, task.bytes_total) == (Phase.TRANSFER, 50, 100)
    assert 0 < task.percent < 90
    assert task.last_progress is not None
    assert moments[0] < moments[1] < moments[2] <= seconds_since_boot()


Loss = Callable[[Rows, str], None]


def _cancel(rows: Rows, task_id: str) -> None:
    rows.change(transitions.cancel, task_id, "")


def _take(rows: Rows, task_id: str) -> None:
    rows.change(transitions.claim, task_id, "another worker")


@pytest.mark.parametrize("lose", [_cancel, _take])
def test_work_is_stopped_when_the_task_is_lost(
    rows: Rows, ownership: Ownership, lose: Loss
) -> None:
    async def scenario() -> Work:
        work = Work()
        running = asyncio.create_task(ownership.run(work.go_on()))
        await work.begun.wait()
        lose(rows, ownership.task.task_id)
        with pytest.raises(OwnershipLostError):
            async with asyncio.timeout(5):
                await running
        return work

    assert asyncio.run(scenario()).stopped


def test_work_is_stopped_when_the_hold_cannot_be_kept(
    ownership: Ownership, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **_values: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(transitions, "record_progress", fail)

    async def scenario() -> Work:
        work = Work()
        with pytest.raises(ZeroDivisionError):
            await ownership.run(work.go_on())
        return work

    assert asyncio.run(scenario()).stopped


def test_work_is_stopped_with_whoever_waits_for_it(ownership: Ownership) -> None:
    async def scenario() -> Work:
        work = Work()
        running = asyncio.create_task(ownership.run(work.go_on()))
        await work.begun.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        return work

    assert asyncio.run(scenario()).stopped


@pytest.mark.parametrize("rounds", range(6))
def test_work_that_ends_in_the_moment_of_a_write_ends_the_hold(
    ownership: Ownership, monkeypatch: pytest.MonkeyPatch, rounds: int
) -> None:
    async def scenario() -> None:
        writing = asyncio.Event()

        async def write_for_so_many_rounds(write: Callable[[], bool]) -> bool:
            writing.set()
            for _ in range(rounds):
                await asyncio.sleep(0)
            return write()

        async def end_while_it_is_written() -> None:
            await writing.wait()

        monkeypatch.setattr(asyncio, "to_thread", write_for_so_many_rounds)
        async with asyncio.timeout(5):
            await ownership.run(end_while_it_is_written())

    asyncio.run(scenario())


def test_a_loss_is_told_rather_than_how_the_work_met_its_end(
    rows: Rows, ownership: Ownership
) -> None:
    async def fail_when_stopped() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ZeroDivisionError

    _cancel(rows, ownership.task.task_id)

    with pytest.raises(OwnershipLostError):
        asyncio.run(ownership.run(fail_when_stopped()))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.close()


@pytest.fixture
def impatient(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a database for whose lock nobody waits long."""
    monkeypatch.setattr(connections, "BUSY_TIMEOUT_MILLISECONDS", 10)
    database.close()
    return tmp_path / "imageferry.db"


@ON_SQLITE
def test_a_database_that_is_away_shortly_does_not_stop_the_work(
    rows: Rows, impatient: Path
) -> None:
    ownership = Ownership.claim(rows.database, rows.task(), 60)

    async def outlast() -> None:
        with _locked(impatient):
            await asyncio.sleep(0.2)
        await asyncio.sleep(0.2)

    asyncio.run(ownership.run(outlast()))

    assert rows.find(ownership.task.task_id).last_progress is not None


@ON_SQLITE
def test_a_database_that_is_away_longer_than_the_lease_stops_the_work(
    rows: Rows, impatient: Path
) -> None:
    ownership = Ownership.claim(rows.database, rows.task(), 0.1)

    async def scenario() -> Work:
        work = Work()
        running = asyncio.create_task(ownership.run(work.go_on()))
        with _locked(impatient):
            await asyncio.sleep(0.3)
        with pytest.raises(LeaseExpiredError):
            async with asyncio.timeout(5):
                await running
        return work

    assert asyncio.run(scenario()).stopped
    assert Ownership.claim(rows.database, ownership.task.task_id, 1).task.attempt == 2


def test_a_finish_happens_with_what_it_publishes(rows: Rows, ownership: Ownership) -> None:
    task_id = ownership.task.task_id
    with ownership.finishing() as connection:
        connection.execute(sa.text("UPDATE accounts SET name = 'published'"))

    with rows.database.read() as connection:
        assert connection.execute(sa.text("SELECT name FROM accounts")).scalars().all() == [
            "published"
        ]
    assert rows.find(task_id).status is TaskStatus.FINISHED
    assert [event.event for event in rows.events(task_id)] == ["created", "phase", "finished"]


def test_a_publication_that_fails_finishes_nothing(rows: Rows, ownership: Ownership) -> None:
    def publish(connection: sa.Connection) -> None:
        connection.execute(sa.text("UPDATE accounts SET name = 'published'"))
        raise ZeroDivisionError

    before = rows.find(ownership.task.task_id)
    with pytest.raises(ZeroDivisionError), ownership.finishing() as connection:
        publish(connection)

    assert rows.find(ownership.task.task_id) == before
    with rows.database.read() as connection:
        assert connection.execute(sa.text("SELECT name FROM accounts")).scalars().all() == [
            "default"
        ]


@pytest.mark.parametrize("lose", [_cancel, _take])
def test_nothing_is_published_in_vain(rows: Rows, ownership: Ownership, lose: Loss) -> None:
    lose(rows, ownership.task.task_id)
    published = False

    with pytest.raises(OwnershipLostError), ownership.finishing():
        published = True

    assert not published


@pytest.mark.parametrize("lose", [_cancel, _take])
def test_a_lost_task_is_written_to_by_nobody(rows: Rows, ownership: Ownership, lose: Loss) -> None:
    task_id = ownership.task.task_id
    lose(rows, task_id)
    before = rows.find(task_id), rows.disks(task_id), rows.events(task_id)

    with pytest.raises(OwnershipLostError):
        ownership.enter(Phase.VERIFY)
    with pytest.raises(OwnershipLostError):
        ownership.record_disk(1, DiskStatus.SUCCESS)
    with pytest.raises(OwnershipLostError), ownership.failing(1, "Broken", "It broke."):
        pass
    ownership.let_go()

    assert (rows.find(task_id), rows.disks(task_id), rows.events(task_id)) == before


def test_a_failure_names_its_disk(rows: Rows) -> None:
    ownership = Ownership.claim(rows.database, rows.task(disks=[[], []]), 60)
    ownership.record_disk(1, DiskStatus.SUCCESS, [("SHA256", "abc")])

    with ownership.failing(2, "Broken", "It broke."):
        pass

    task_id = ownership.task.task_id
    assert rows.find(task_id).status is TaskStatus.FAILED
    assert [(disk.status, disk.error_code) for disk in rows.disks(task_id)] == [
        (DiskStatus.SUCCESS, ""),
        (DiskStatus.FAILED, "Broken"),
    ]


def test_a_task_that_was_let_go_counts_no_other_attempt(rows: Rows, ownership: Ownership) -> None:
    ownership.let_go()

    assert Ownership.claim(rows.database, ownership.task.task_id, 60).task.attempt == 1


@ON_POSTGRESQL
def test_a_call_of_the_account_and_the_end_of_its_task_wait_for_each_other_in_one_order(
    rows: Rows, ownership: Ownership
) -> None:
    waits = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with ThreadPoolExecutor(1) as threads:
        with rows.database.write_alone(rows.account) as connection:
            finished = threads.submit(_finish, ownership)
            until(lambda: connection.execute(waits).scalar_one(), 60, "the worker")
            assert transitions.cancel(connection, ownership.task.task_id, "somebody")

        with pytest.raises(OwnershipLostError):
            finished.result()


def _finish(ownership: Ownership) -> None:
    with ownership.finishing():
        pass
