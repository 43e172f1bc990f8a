"""Work that blocks, done beside the event loop and stopped with the coroutine that waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from imageferry.telemetry.threads import ContextThreads

_Result = TypeVar("_Result")


class StoppedError(Exception):
    """The work was asked to stop, and did."""


LOOK_SECONDS = 0.05
"""How often work that waits looks whether it was asked to stop."""


def nothing() -> None:
    """What is done where nothing is to be done."""


class StopSignal:
    """Tells work in a thread to stop."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Ask the work to stop."""
        self._event.set()

    def check(self) -> None:
        """Stop here if it was asked for. Work calls this at least every few milliseconds.

        Raises:
            StoppedError: it was.
        """
        if self._event.is_set():
            raise StoppedError


async def in_thread(function: Callable[[StopSignal], _Result]) -> _Result:
    """Run a function in a thread of its own.

    When this coroutine is cancelled, the function is asked to stop, and the coroutine ends
    only when the function has.

    Args:
        function: Gets the signal that it has to check.
    """
    stop = StopSignal()
    executor = ContextThreads(max_workers=1)
    work = asyncio.get_running_loop().run_in_executor(executor, function, stop)
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        stop.set()
        with contextlib.suppress(Exception):
            await uninterrupted(work)
        raise
    finally:
        executor.shutdown(wait=False)


@contextlib.asynccontextmanager
async def entered(
    make: Callable[[], contextlib.AbstractContextManager[_Result]],
) -> AsyncIterator[_Result]:
    """Make and enter a context manager in a thread, as its beginning may wait for a store."""
    with contextlib.ExitStack() as stack:
        yield await uninterrupted(asyncio.to_thread(lambda: stack.enter_context(make())))


async def uninterrupted(awaitable: Awaitable[_Result]) -> _Result:
    """Await something to its end even when cancelled meanwhile; the cancellation comes after."""
    task = asyncio.ensure_future(awaitable)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
        except Exception:  # noqa: BLE001  result() raises it below
            break
    if cancelled is not None and not task.cancelled():
        task.exception()
        raise cancelled
    return task.result()
