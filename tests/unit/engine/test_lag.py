from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from imageferry.engine import lag as module
from imageferry.engine import queue
from imageferry.engine.lag import WINDOW_SECONDS, Lag
from imageferry.engine.ownership import Ownership
from imageferry.engine.queue import TaskQueue
from imageferry.engine.uptake import Uptake, taking_up
from imageferry.settings import Settings
from support.measured import value
from support.rows import ON_SQLITE, Rows
from support.service import until

METRIC = "imageferry_engine_lag_seconds"


class Clock:
    """Time that passes when a test says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lag(clock: Clock) -> Lag:
    return Lag("a part", clock)


@pytest.fixture(autouse=True)
def _nothing_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    for part in ("UPTAKE", "HAND_OVER", "LEASES"):
        monkeypatch.setattr(module, part, Lag(part.lower()))


def told(part: str) -> float:
    return value(METRIC, part=part)


def test_what_is_in_time_is_not_late(lag: Lag, clock: Clock) -> None:
    for _ in range(3):
        lag.expect(5)
        clock.now += 5

    assert lag.seconds() == told("a part") == 0


def test_what_does_not_come_is_ever_later(lag: Lag, clock: Clock) -> None:
    lag.expect(5)
    clock.now += 5 + 1000

    assert told("a part") == 1000


def test_a_lag_is_told_for_a_minute_unless_a_greater_one_comes(lag: Lag, clock: Clock) -> None:
    for late in (3, 7, 2):
        lag.expect(1)
        clock.now += 1 + late
    lag.expect(WINDOW_SECONDS)
    assert lag.seconds() == 7

    clock.now += WINDOW_SECONDS - 3
    assert lag.seconds() == 2

    clock.now += 3
    assert lag.seconds() == 0


def test_the_latest_of_several_things_counts_until_it_comes(lag: Lag, clock: Clock) -> None:
    lag.expect(1, "one")
    lag.expect(10, "another")
    clock.now += 11
    assert lag.seconds() == 10

    lag.came("one")
    lag.came("never expected")
    clock.now += WINDOW_SECONDS
    assert lag.seconds() == 1 + WINDOW_SECONDS

    lag.came("another")
    clock.now += WINDOW_SECONDS
    assert lag.seconds() == 0


@pytest.fixture
def uptake(rows: Rows) -> Iterator[Uptake]:
    queue.prepare(rows.database)
    with closing(TaskQueue(rows.database)) as tasks:
        yield Uptake(rows.database, tasks, "me", Settings())


@ON_SQLITE
def test_an_uptake_that_hangs_is_late_until_it_ends(
    uptake: Uptake, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()
    monkeypatch.setattr(uptake, "look", lambda: goes_on.wait(60))

    with taking_up(uptake):
        until(lambda: told("uptake") > 0.5, 60, "The lag of an uptake that hangs")
        goes_on.set()

    remembered = told("uptake")
    assert told("uptake") <= remembered


@ON_SQLITE
def test_an_uptake_that_fails_is_late(uptake: Uptake, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(uptake, "look", fail)

    with taking_up(uptake):
        until(lambda: told("uptake") > 0.5, 60, "The lag of an uptake that fails")


@ON_SQLITE
def test_a_task_that_the_engine_does_not_begin_is_late_until_it_does(
    rows: Rows, uptake: Uptake
) -> None:
    task_id = rows.task()
    assert uptake.look() == [task_id]

    until(lambda: told("hand_over") > 0.1, 60, "The lag of a task that does not begin")
    module.HAND_OVER.came(task_id)

    remembered = told("hand_over")
    assert told("hand_over") <= remembered


@ON_SQLITE
def test_a_task_that_could_not_be_handed_over_is_not_expected(
    rows: Rows, uptake: Uptake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    rows.task()
    monkeypatch.setattr(TaskQueue, "enqueue", fail)
    with pytest.raises(ZeroDivisionError):
        uptake.look()

    remembered = told("hand_over")
    assert told("hand_over") <= remembered


@ON_SQLITE
def test_a_loop_that_is_blocked_is_late_with_its_leases(rows: Rows) -> None:
    ownership = Ownership.claim(rows.database, rows.task(), 60)

    async def block() -> None:
        await asyncio.sleep(0)
        until(lambda: told("leases") > 0.2, 60, "The lag of a loop that is blocked")

    asyncio.run(ownership.run(block()))

    remembered = told("leases")
    assert told("leases") <= remembered
