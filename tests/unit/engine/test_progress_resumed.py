"""What a meter shows of a task that was interrupted, or that stands still."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageferry.engine.progress import ProgressMeter, Reading
from imageferry.tasks.model import Phase, TaskAction


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


BEGUN = Reading(Phase.TRANSFER, 54, 60, 100, 10)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def resumed(clock: Clock) -> ProgressMeter:
    """The meter of an import that was interrupted when 60 of 100 bytes were moved."""
    return ProgressMeter(TaskAction.IMPORT_IMAGE, clock, begun=BEGUN)


def test_what_was_shown_before_is_shown_at_once(resumed: ProgressMeter) -> None:
    assert resumed.read() == Reading(Phase.TRANSFER, 54, 60, 100, 0)


def test_bytes_that_are_moved_once_more_do_not_count(resumed: ProgressMeter, clock: Clock) -> None:
    resumed.enter(Phase.TRANSFER, {1: 100})
    resumed.advance(1, 30)
    clock.seconds += 1

    assert resumed.read() == Reading(Phase.TRANSFER, 54, 60, 100, 0)

    resumed.advance(1, 80)
    clock.seconds += 1
    assert resumed.read() == Reading(Phase.TRANSFER, 72, 80, 100, 10)


def test_a_later_step_shows_what_the_steps_before_it_have_moved(clock: Clock) -> None:
    moved = Reading(Phase.TRANSFER, 90, 100, 100, 10)
    meter = ProgressMeter(TaskAction.IMPORT_IMAGE, clock, begun=moved)

    meter.enter(Phase.VERIFY, {1: 1 << 30})

    assert meter.read() == Reading(Phase.VERIFY, 90, 100, 100, 0)


def test_it_tells_how_long_nothing_was_done(resumed: ProgressMeter, clock: Clock) -> None:
    resumed.enter(Phase.TRANSFER, {1: 100})
    resumed.advance(1, 10)
    resumed.read()
    clock.seconds += 3
    assert resumed.read().idle_seconds == 3

    resumed.advance(1, 20)

    assert resumed.read().idle_seconds == 0


@given(
    st.lists(
        st.tuples(st.sampled_from(Phase), st.integers(1, 3), st.integers(0, 60), st.booleans()),
        max_size=20,
    ),
    st.sampled_from(TaskAction),
)
def test_nothing_ever_goes_back(
    events: Sequence[tuple[Phase, int, int, bool]], action: TaskAction
) -> None:
    meter = ProgressMeter(action, Clock())
    shown = []
    for phase, disk, value, interrupted in events:
        if interrupted:
            meter = ProgressMeter(action, Clock(), begun=meter.read())
        if phase is not meter.read().phase:
            meter.enter(phase, {disk: value})
        meter.expect(disk, 60 - value)
        meter.advance(disk, value)
        shown.append(meter.read())

    for before, after in itertools.pairwise(shown):
        assert before.percent <= after.percent <= 99
        assert before.bytes_done <= after.bytes_done <= after.bytes_total
