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
    meter.enter(Phase.TRANSFER, {1: 60, 2: 40})
    meter.advance(1, 30)
    meter.advance(2, 20)
    meter.advance(1, 10)

    reading = meter.read()

    assert (reading.bytes_done, reading.bytes_total, reading.percent) == (50, 100, 45)


def test_more_than_all_is_all(meter: ProgressMeter) -> None:
    meter.enter(Phase.TRANSFER, {1: 50, 2: 50})
    meter.advance(1, 500)
    meter.advance(3, 500)

    assert (meter.read().bytes_done, meter.read().percent) == (50, 45)


def test_a_disk_is_complete_where_its_bytes_were_not_counted(meter: ProgressMeter) -> None:
    meter.enter(Phase.TRANSFER, {1: 60, 2: 40})
    meter.advance(1, 10)
    meter.complete(1)
    meter.complete(3)

    assert (meter.read().bytes_done, meter.read().bytes_total) == (60, 100)


def test_less_turns_out_to_be_left_than_was_thought(meter: ProgressMeter) -> None:
    meter.enter(Phase.TRANSFER, {1: 1000})
    meter.expect(1, 100)
    meter.advance(1, 50)

    assert meter.read() == Reading(Phase.TRANSFER, 45, 50, 100, 0)


def test_the_percent_stands_still_while_more_turns_out_to_be_left(meter: ProgressMeter) -> None:
    meter.enter(Phase.TRANSFER, {1: 100})
    meter.advance(1, 50)
    assert meter.read().percent == 45

    meter.expect(1, 1000)

    assert (meter.read().percent, meter.read().bytes_done, meter.read().bytes_total) == (
        45,
        50,
        1000,
    )
    meter.advance(1, 600)
    assert meter.read().percent == 54


def test_a_phase_that_is_entered_again_does_not_take_the_percent_back(meter: ProgressMeter) -> None:
    meter.enter(Phase.VERIFY, {})
    assert meter.read().percent == 90

    meter.enter(Phase.TRANSFER, {1: 100})
    meter.advance(1, 50)

    assert (meter.read().phase, meter.read().percent) == (Phase.TRANSFER, 90)


def test_a_phase_without_bytes_is_at_its_beginning(meter: ProgressMeter) -> None:
    meter.enter(Phase.VERIFY, {1: 0})
    meter.advance(1, 1)

    assert (meter.read().bytes_done, meter.read().percent) == (0, 90)


def test_what_was_moved_is_shown_in_later_phases_too(meter: ProgressMeter, clock: Clock) -> None:
    meter.enter(Phase.TRANSFER, {1: 100})
    meter.advance(1, 100)
    clock.seconds += 1
    assert meter.read().bytes_per_second == 100

    meter.enter(Phase.VERIFY, {1: 50})

    assert meter.read() == Reading(Phase.VERIFY, 90, 100, 100, 0)
    meter.advance(1, 25)
    clock.seconds += 1
    assert meter.read() == Reading(Phase.VERIFY, 93, 100, 100, 25, idle_seconds=0)


def test_a_steady_rate_is_shown_as_it_is(meter: ProgressMeter, clock: Clock) -> None:
    meter.enter(Phase.TRANSFER, {1: 1000 * MIB})
    rates = []
    for second in range(1, 20):
        clock.seconds += 0.5
        meter.advance(1, second * MIB)
        rates.append(meter.read().bytes_per_second)

    assert set(rates) == {2 * MIB}


def test_a_rate_is_of_the_last_seconds(meter: ProgressMeter, clock: Clock) -> None:
    meter.enter(Phase.TRANSFER, {1: 1000 * MIB})
    for done in itertools.chain(range(1, 11), [10] * 12):
        clock.seconds += 0.5
        meter.advance(1, done * MIB)
        meter.read()

    assert meter.read().bytes_per_second == 0


def test_a_rate_needs_time_to_pass(meter: ProgressMeter) -> None:
    meter.enter(Phase.TRANSFER, {1: 100})
    meter.advance(1, 50)

    assert meter.read().bytes_per_second == 0


@given(
    st.lists(st.tuples(st.sampled_from(Phase), st.integers(1, 3), st.integers(0, 60)), max_size=20),
    st.sampled_from(TaskAction),
)
def test_the_percent_never_goes_back(
    events: Sequence[tuple[Phase, int, int]], action: TaskAction
) -> None:
    meter = ProgressMeter(action, Clock())
    percents = []
    for phase, disk, value in events:
        if phase is not meter.read().phase:
            meter.enter(phase, {disk: value})
        meter.expect(disk, 60 - value)
        meter.advance(disk, value)
        percents.append(meter.read().percent)

    assert percents == sorted(percents)
    assert all(percent <= 99 for percent in percents)


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 60)), max_size=20))
def test_bytes_do_not_go_back_within_a_phase(advances: Sequence[tuple[int, int]]) -> None:
    meter = ProgressMeter(TaskAction.EXPORT_IMAGE, Clock())
    meter.enter(Phase.TRANSFER, {1: 30, 2: 50, 3: 20})
    readings = []
    for disk, done in advances:
        meter.advance(disk, done)
        readings.append(meter.read())

    for before, after in itertools.pairwise(readings):
        assert before.bytes_done <= after.bytes_done <= 100


def test_disks_advance_in_threads(meter: ProgressMeter) -> None:
    meter.enter(Phase.TRANSFER, dict.fromkeys(range(4), 1000))

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
    steps = [*STEPS[action]]
    in_one_step = ["transfer", "verify", "publish"]
    assert [phase.value for phase in SHARES[action]] == (steps if steps[1:] else in_one_step)
