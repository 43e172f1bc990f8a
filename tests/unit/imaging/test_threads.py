from __future__ import annotations

import asyncio
import threading

import pytest

from imageferry.imaging.threads import StopSignal, in_thread, uninterrupted


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
