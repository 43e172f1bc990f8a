from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageferry.engine.progress import SHARES, ProgressMeter, Reading
from imageferry.engine.steps import STEPS
from imageferry.tasks.model import Phase, TaskAction

MIB = 1 << 20


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def meter(clock: Clock) -> ProgressMeter:
    return ProgressMeter(TaskAction.IMPORT_IMAGE, clock)


def test_a_meter_begins_at_nothing(meter: ProgressMeter) -> None:
    assert meter.read() == Reading(Phase.QUEUED, 0, 0, 0, 0)


def test_bytes_of_all_disks_are_added_up(meter: ProgressMeter) -> None:
    meter.enter(Phase.TRANSFER, 100)
    meter.advance(1, 30)
    meter.advance(2, 20)
    meter.advance(1, 10)

    reading = meter.read()

    assert (reading.bytes_done, reading.bytes_total, reading.percent) == (50, 100, 45)


def test_more_than_all_is_all(meter: ProgressMeter) -> None:
    meter.enter(Phase.VERIFY, 100)
    meter.advance(1, 500)

    assert (meter.read().bytes_done, meter.read().percent) == (100, 97)


def test_a_phase_without_bytes_is_at_its_beginning(meter: ProgressMeter) -> None:
    meter.enter(Phase.VERIFY, 0)
    meter.advance(1, 1)

    assert (meter.read().bytes_done, meter.read().percent) == (0, 90)


def test_a_phase_begins_anew(meter: ProgressMeter, clock: Clock) -> None:
    meter.enter(Phase.TRANSFER, 100)
    meter.advance(1, 100)
    clock.seconds += 1
    assert meter.read().bytes_per_second == 100

    meter.enter(Phase.VERIFY, 50)

    assert meter.read() == Reading(Phase.VERIFY, 90, 0, 50, 0)


def test_a_steady_rate_is_shown_as_it_is(meter: ProgressMeter, clock: Clock) -> None:
    meter.enter(Phase.TRANSFER, 1000 * MIB)
    rates = []
    for second in range(1, 20):
        clock.seconds += 0.5
        meter.advance(1, second * MIB)
        rates.append(meter.read().bytes_per_second)

    assert set(rates) == {2 * MIB}


def test_a_rate_is_of_the_last_seconds(meter: ProgressMeter, clock: Clock) -> None:
    meter.enter(Phase.TRANSFER, 1000 * MIB)
    for done in itertools.chain(range(1, 11), [10] * 12):
        clock.seconds += 0.5
        meter.advance(1, done * MIB)
        meter.read()

    assert meter.read().bytes_per_second == 0


def test_a_rate_needs_time_to_pass(meter: ProgressMeter) -> None:
    meter.enter(Phase.TRANSFER, 100)
    meter.advance(1, 50)

    assert meter.read().bytes_per_second == 0


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 60)), max_size=20))
def test_neither_bytes_nor_the_percent_go_back_within_a_phase(
    advances: Sequence[tuple[int, int]],
) -> None:
    meter = ProgressMeter(TaskAction.EXPORT_IMAGE, Clock())
    meter.enter(Phase.PACK, 100)
    readings = []
    for disk, done in advances:
        meter.advance(disk, done)
        readings.append(meter.read())

    for before, after in itertools.pairwise(readings):
        assert before.bytes_done <= after.bytes_done <= 100
        assert 50 <= before.percent <= after.percent <= 98


def test_disks_advance_in_threads(meter: ProgressMeter) -> None:
    meter.enter(Phase.TRANSFER, 4000)

    def advance(disk: int) -> None:
        for done in range(1, 1001):
            meter.advance(disk, done)
            meter.read()

    threads = [threading.Thread(target=advance, args=(disk,)) for disk in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert meter.read().bytes_done == 4000


@pytest.mark.parametrize("action", TaskAction)
def test_the_shares_of_the_phases_follow_one_another(action: TaskAction) -> None:
    shares = list(SHARES[action].values())

    assert [begin for begin, _ in shares] == [0, *(end for _, end in shares[:-1])]
    assert all(begin < end <= 99 for begin, end in shares)
    assert [phase.value for phase in SHARES[action]] == list(STEPS[action])
