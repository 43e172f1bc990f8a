from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from threading import Event
from unittest.mock import Mock

import pytest
import sqlalchemy as sa

from imageferry.database.connection import Database
from imageferry.engine import companions as module
from imageferry.engine import presence, queue
from imageferry.engine.companions import Companions
from imageferry.engine.presence import Presence
from imageferry.engine.queue import TaskQueue
from imageferry.settings import SettingError, Settings
from support.service import until

Make = Callable[[Settings], tuple[Companions, Event]]


@pytest.fixture
def worker_of(database: Database) -> Iterator[Make]:
    """Makes a worker's companions, and the event that it is to end."""
    queue.prepare(database)
    with closing(TaskQueue(database)) as tasks:

        def make(settings: Settings) -> tuple[Companions, Event]:
            ends = Event()
            return Companions(database, tasks, "worker", settings, ends.set), ends

        yield make


QUICK = Settings(worker_timeout_seconds=1, lease_seconds=1)
SECONDS = 10


@pytest.mark.parametrize(("lease", "timeout"), [(40, 45), (3, 4), (10, 12)])
def test_a_lease_that_ends_before_the_timeout_is_taken(lease: int, timeout: int) -> None:
    module.check(Settings(lease_seconds=lease, worker_timeout_seconds=timeout))


def test_a_lease_that_outlives_the_timeout_is_refused() -> None:
    with pytest.raises(SettingError, match=r"LEASE_SECONDS=41 .*TIMEOUT_SECONDS=45 it can be 40"):
        module.check(Settings(lease_seconds=41, worker_timeout_seconds=45))


def test_a_worker_beats_until_it_leaves(database: Database, worker_of: Make) -> None:
    worker, ends = worker_of(QUICK)
    worker.enter()
    deadline = time.monotonic() + SECONDS
    while _beats(database).get("worker", 0) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)

    assert _beats(database)["worker"] >= 2
    worker.leave()

    assert _beats(database) == {}
    assert not ends.is_set()


def test_a_worker_goes_on_to_beat_whatever_was_wrong_with_one(
    database: Database, worker_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = iter([ValueError("unexpected")])
    beat = Presence.beat

    def fail_once(presence: Presence) -> bool:
        for failure in failures:
            raise failure
        return beat(presence)

    monkeypatch.setattr(Presence, "beat", fail_once)
    worker, _ = worker_of(QUICK)

    worker.enter()

    until(lambda: _beats(database)["worker"] >= 1, 60, "a beat")
    worker.leave()


def test_a_worker_can_leave_while_the_database_is_away(
    database: Database, worker_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, _ = worker_of(QUICK)
    worker.enter()
    away = sa.exc.OperationalError("DELETE", {}, ConnectionError("away"))
    monkeypatch.setattr(presence, "forget", Mock(side_effect=away))

    worker.leave()

    assert _beats(database).keys() == {"worker"}


def test_a_worker_that_was_taken_for_dead_ends(database: Database, worker_of: Make) -> None:
    worker, ends = worker_of(QUICK)
    worker.enter()
    with database.write() as connection:
        presence.forget(connection, {"worker"})

    assert ends.wait(SECONDS)
    worker.leave()


def test_a_worker_that_was_frozen_ends(worker_of: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter(range(0, 10_000, 60))
    monkeypatch.setattr(module, "seconds_since_boot", lambda: float(next(moments)))
    worker, ends = worker_of(Settings(worker_timeout_seconds=3600, lease_seconds=30))

    worker.enter()

    assert ends.wait(SECONDS)
    worker.leave()


def _beats(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return dict(presence.beats(connection))
