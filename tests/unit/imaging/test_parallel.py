from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from imageferry.imaging.parallel import default_threads, in_order


class WorkError(Exception):
    """What a test has the work raise."""


def test_results_come_in_order_whichever_is_ready_first() -> None:
    second_is_done = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            assert second_is_done.wait(30)
        if number == 1:
            second_is_done.set()
        return number * number

    assert list(in_order(work, range(50), threads=2)) == [number**2 for number in range(50)]


def test_few_items_are_asked_for_ahead() -> None:
    asked = 0

    def items() -> Iterator[int]:
        nonlocal asked
        while asked < 100:
            asked += 1
            yield asked

    ahead = [asked - result for result in in_order(abs, items(), threads=2)]
    assert max(ahead) < 6


def test_an_error_stands_in_the_place_of_its_result() -> None:
    def work(number: int) -> int:
        if number == 3:
            raise WorkError
        return number

    before = set(threading.enumerate())
    results = in_order(work, range(20), threads=2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(WorkError):
        next(results)
    assert set(threading.enumerate()) <= before


def test_closing_drops_what_has_not_begun_and_waits_for_what_has() -> None:
    begun: list[int] = []
    ended: list[int] = []
    go_on = threading.Event()

    def work(number: int) -> int:
        begun.append(number)
        if number:
            assert go_on.wait(30)
        ended.append(number)
        return number

    with closing(in_order(work, range(100), threads=1)) as results:
        assert next(results) == 0
        go_on.set()
    assert begun == ended
    assert len(begun) <= 3


def test_nothing_to_do() -> None:
    assert list(in_order(abs, [])) == []
    assert default_threads() == (os.cpu_count() or 1) + 1
