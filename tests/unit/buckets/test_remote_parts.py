import threading
import time
from collections.abc import Iterator
from itertools import count, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageferry.buckets.remote_parts import (
    THREADS,
    in_threads,
    pieces,
)


@given(chunks=st.lists(st.binary(max_size=20)), size=st.integers(1, 12))
def test_pieces_are_the_same_bytes(chunks: list[bytes], size: int) -> None:
    found = list(pieces(chunks, size))
    assert b"".join(found) == b"".join(chunks)
    assert all(len(piece) == size for piece in found[:-1])
    assert all(0 < len(piece) <= size for piece in found)


def test_results_come_in_the_order_of_the_items() -> None:
    def later_for_less(number: int) -> int:
        time.sleep(0.002 * (10 - number))
        return number

    assert in_threads(later_for_less, range(10)) == list(range(10))


def test_items_are_taken_only_when_threads_are_free() -> None:
    lock, taken, done, most = threading.Lock(), count(), [0], [0]

    def items() -> Iterator[int]:
        for number in islice(taken, 50):
            with lock:
                most[0] = max(most[0], number - done[0])
            yield number

    def work(_number: int) -> None:
        with lock:
            done[0] += 1

    in_threads(work, items())
    assert done == [50]
    assert most[0] <= THREADS


@pytest.mark.parametrize("guilty", ["items", "work"])
def test_a_failure_ends_the_work(guilty: str) -> None:
    started: list[int] = []

    def items() -> Iterator[int]:
        for number in range(1000):
            if guilty == "items" and number == 5:
                raise ZeroDivisionError
            yield number

    def work(number: int) -> None:
        started.append(number)
        if guilty == "work" and number == 5:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        in_threads(work, items())
    assert len(started) < 5 + 2 * THREADS
