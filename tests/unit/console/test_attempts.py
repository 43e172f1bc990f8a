"""How often somebody may try to sign in."""

from __future__ import annotations

from imageferry.console import attempts
from imageferry.console.attempts import Attempts


class Clock:
    """Seconds that a test lets pass."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_who_has_failed_too_often_waits_until_the_first_failure_is_old() -> None:
    clock = Clock()
    failures = Attempts(2, 60, clock)
    failures.note_failure("a")
    clock.now += 10
    assert failures.seconds_to_wait("a") == 0
    failures.note_failure("a")

    assert failures.seconds_to_wait("a") == 50
    assert failures.seconds_to_wait("b") == 0
    clock.now += 49.5
    assert failures.seconds_to_wait("a") == 1
    clock.now += 1
    assert failures.seconds_to_wait("a") == 0


def test_only_so_many_are_remembered() -> None:
    failures = Attempts(1, 60, Clock())
    for number in range(attempts.MAX_REMEMBERED + 1):
        failures.note_failure(str(number))

    assert failures.seconds_to_wait("0") == 0
    assert failures.seconds_to_wait("1") == 60
