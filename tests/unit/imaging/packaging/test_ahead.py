from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from imageferry.imaging.packaging.ahead import ahead


def test_items_come_in_order() -> None:
    assert list(ahead(iter(range(100)), 7)) == list(range(100))
    assert list(ahead(iter(()), 7)) == []
    assert list(ahead(iter([0, None, b""]), 7)) == [0, None, b""]


def test_items_are_made_by_one_other_thread() -> None:
    threads = list(ahead((threading.get_ident() for _ in range(20)), 5))
    assert len(set(threads)) == 1
    assert threads[0] != threading.get_ident()


def test_no_more_than_so_many_are_made_ahead() -> None:
    made: list[int] = []
    fourth = threading.Event()

    def items() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            if number == 3:
                fourth.set()
            yield number

    coming = ahead(items(), 3)
    assert next(coming) == 0
    assert fourth.wait(10)
    coming.close()
    assert made == [0, 1, 2, 3]


def test_a_failure_comes_in_its_place() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("damaged")

    coming = ahead(items(), 5)
    assert next(coming) == 1
    with pytest.raises(ValueError, match="damaged"):
        next(coming)


def test_nothing_runs_on_when_it_is_closed() -> None:
    before = set(threading.enumerate())
    coming = ahead(iter(range(1000)), 5)
    next(coming)
    coming.close()
    assert set(threading.enumerate()) <= before
