from __future__ import annotations

import pytest

from imageferry.buckets.bandwidth import Bandwidth


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bandwidth(clock: Clock) -> Bandwidth:
    bandwidth = Bandwidth(clock)
    bandwidth.limit(100)
    return bandwidth


def test_nothing_waits_without_a_limit(clock: Clock) -> None:
    bandwidth = Bandwidth(clock)

    assert [bandwidth.wait_for(10**12) for _ in range(3)] == [0.0] * 3


def test_requests_wait_for_those_before_them(bandwidth: Bandwidth) -> None:
    assert [bandwidth.wait_for(200) for _ in range(4)] == [0.0, 1.0, 3.0, 5.0]


def test_time_that_has_passed_counts(bandwidth: Bandwidth, clock: Clock) -> None:
    bandwidth.wait_for(500)
    clock.now += 3

    assert bandwidth.wait_for(100) == 1.0


def test_of_a_long_pause_but_a_moment_is_made_up_for(bandwidth: Bandwidth, clock: Clock) -> None:
    bandwidth.wait_for(100)
    clock.now += 3600

    assert [bandwidth.wait_for(100) for _ in range(3)] == [0.0, 0.0, 1.0]


def test_the_limit_can_be_lifted(bandwidth: Bandwidth) -> None:
    bandwidth.wait_for(10_000)
    bandwidth.limit(0)

    assert bandwidth.wait_for(10_000) == 0.0
