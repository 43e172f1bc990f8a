from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from imageferry.imaging.threads import StopSignal, entered, in_thread, uninterrupted


def test_the_result_and_the_error_come_through() -> None:
    assert asyncio.run(in_thread(lambda _: 7)) == 7

    def fail(_: StopSignal) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        asyncio.run(in_thread(fail))


def test_cancelling_stops_the_work_and_waits_for_it() -> None:
    started, ended = threading.Event(), threading.Event()

    def work(stop: StopSignal) -> None:
        started.set()
        try:
            while True:
                stop.check()
        finally:
            ended.set()

    async def main() -> None:
        task = asyncio.create_task(in_thread(work))
        await asyncio.to_thread(started.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended.is_set()

    asyncio.run(main())


def test_what_is_uninterrupted_ends_before_the_cancellation_comes() -> None:
    async def main() -> None:
        may_end = asyncio.Event()
        ended = []

        async def work() -> None:
            await may_end.wait()
            ended.append(True)

        task = asyncio.create_task(uninterrupted(work()))
        await asyncio.sleep(0)
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(0)
        assert not task.done()
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended == [True]

    asyncio.run(main())


def test_an_error_comes_through_uninterrupted() -> None:
    async def work() -> int:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        asyncio.run(uninterrupted(work()))


def test_what_is_slow_to_be_entered_does_not_hold_up_the_loop_and_is_left() -> None:
    may_begin, left = threading.Event(), threading.Event()

    @contextmanager
    def slow() -> Iterator[int]:
        may_begin.wait()
        try:
            yield 7
        finally:
            left.set()

    async def work() -> None:
        async with entered(slow) as value:
            assert value == 7
            assert not left.is_set()
            raise ValueError("no")

    async def main() -> None:
        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        assert not task.done()
        may_begin.set()
        with pytest.raises(ValueError, match="no"):
            await task

    asyncio.run(main())
    assert left.is_set()
