"""When open pages are to be looked at again: as soon as something was written."""

from __future__ import annotations

from collections.abc import Callable

import anyio
from starlette.concurrency import run_in_threadpool

ASK_SECONDS = 0.1
"""How often the database is asked whether anything was written: once for all pages of a kind."""

LEAST_SECONDS = 0.25
"""The time between two looks for one page, however much is written."""

MOST_SECONDS = 5.0
"""The time after which a page is looked at although nothing was written: ages are words too."""


class Pulse:
    """Tells when something was written. Used in one event loop alone.

    Args:
        version: What differs as soon as something was written; called in threads.
    """

    def __init__(self, version: Callable[[], str]) -> None:
        self._read = version
        self._version = ""
        self._asked = float("-inf")

    async def version(self) -> str:
        """The version, at most :data:`ASK_SECONDS` old, or as old as an answer takes."""
        now = anyio.current_time()
        if now - self._asked >= ASK_SECONDS:
            self._asked = now
            self._version = await run_in_threadpool(self._read)
        return self._version

    async def changed(self, seen: str, is_over: Callable[[], bool]) -> None:
        """Wait until it is worth while to look again.

        Args:
            seen: The version before the last look.
            is_over: Whether to wait no longer.
        """
        end = anyio.current_time() + MOST_SECONDS
        await anyio.sleep(LEAST_SECONDS)
        while anyio.current_time() < end and not is_over():
            if await self.version() != seen:
                return
            await anyio.sleep(ASK_SECONDS)
