from __future__ import annotations

from imageferry.telemetry import tally
from imageferry.telemetry.tally import StoreWork, tallied
from imageferry.telemetry.threads import ContextThreads


def test_the_work_of_all_threads_is_added_up() -> None:
    with tallied() as sums, ContextThreads(4) as threads:
        for _ in range(100):
            threads.submit(tally.add, StoreWork(requests=1, bytes_read=10))

    assert sums.read() == StoreWork(requests=100, bytes_read=1000)


def test_each_piece_of_work_has_its_own_sum() -> None:
    with tallied() as outer:
        tally.add(StoreWork(retries=1))
        with tallied() as inner:
            tally.add(StoreWork(bytes_written=5))

    assert outer.read() == StoreWork(retries=1)
    assert inner.read() == StoreWork(bytes_written=5)


def test_work_that_nobody_adds_up_is_no_error() -> None:
    tally.add(StoreWork(requests=1))
