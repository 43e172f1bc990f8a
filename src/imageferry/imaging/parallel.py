"""Work on many things by several threads, with the results in order and few of them in memory."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future
from typing import TypeVar

from imageferry.telemetry.threads import ContextThreads

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_AHEAD = 3
"""Results for each thread that are begun and not yet used: one that is worked on, and two so that
no thread waits for whoever uses them."""


def default_threads() -> int:
    """One more than this process may use processors, so that one that waits leaves none idle."""
    return len(os.sched_getaffinity(0)) + 1


def in_order(
    work: Callable[[_Item], _Result], items: Iterable[_Item], *, threads: int = 0
) -> Generator[_Result]:
    """The results of ``work`` for all items, in their order.

    When the iterator is closed, or an item fails, work that has not begun is dropped, and the
    iterator ends only when the rest has.

    Args:
        work: Is called by several threads.
        items: Are asked for in the caller's thread, not far ahead of the results.
        threads: How many; 0 for the default.

    Raises:
        Exception: whatever an item's work raised, in place of its result.
    """
    count = threads or default_threads()
    waiting: deque[Future[_Result]] = deque()
    with ContextThreads(count) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) >= count * _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
