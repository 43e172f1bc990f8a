from __future__ import annotations

import threading
import time

import pytest

from imageferry.database.connection import Database
from imageferry.engine import companions as module
from imageferry.engine import presence
from imageferry.engine.companions import Companions
from imageferry.settings import SettingError, Settings

QUICK = Settings(worker_timeout_seconds=1, lease_seconds=1)
SECONDS = 10


@pytest.mark.parametrize(("lease", "timeout"), [(40, 45), (3, 4), (10, 12)])
def test_a_lease_that_ends_before_the_timeout_is_taken(lease: int, timeout: int) -> None:
    module.check(Settings(lease_seconds=lease, worker_timeout_seconds=timeout))


def test_a_lease_that_outlives_the_timeout_is_refused() -> None:
    with pytest.raises(SettingError, match=r"LEASE_SECONDS=41 .*TIMEOUT_SECONDS=45 it can be 40"):
        module.check(Settings(lease_seconds=41, worker_timeout_seconds=45))


def test_a_worker_beats_until_it_leaves(database: Database) -> None:
    ends = threading.Event()
    worker = Companions(database, "worker", QUICK, ends.set)
    worker.enter()
    deadline = time.monotonic() + SECONDS
    while _beats(database).get("worker", 0) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)

    assert _beats(database)["worker"] >= 2
    worker.leave()

    assert _beats(database) == {}
    assert not ends.is_set()


def test_a_worker_that_was_taken_for_dead_ends(database: Database) -> None:
    ends = threading.Event()
    worker = Companions(database, "worker", QUICK, ends.set)
    worker.enter()
    with database.write() as connection:
        presence.forget(connection, {"worker"})

    assert ends.wait(SECONDS)
    worker.leave()


def test_a_worker_that_was_frozen_ends(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter(range(0, 10_000, 60))
    monkeypatch.setattr(module, "seconds_since_boot", lambda: float(next(moments)))
    ends = threading.Event()
    settings = Settings(worker_timeout_seconds=3600, lease_seconds=30)
    worker = Companions(database, "worker", settings, ends.set)

    worker.enter()

    assert ends.wait(SECONDS)
    worker.leave()


def _beats(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return dict(presence.beats(connection))
