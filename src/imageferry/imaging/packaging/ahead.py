"""Work on a stream in a thread of its own, ahead of whoever uses it."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future
from typing import TypeVar

from imageferry.telemetry.threads import ContextThreads

_Item = TypeVar("_Item")


def ahead(items: Iterator[_Item], count: int) -> Generator[_Item]:
    """The same items, made by another thread.

    When the iterator is closed, it ends only when the other thread has.

    Args:
        items: Is asked for the next one by that thread alone.
        count: How many may wait to be used.

    Raises:
        Exception: whatever making an item raised, in place of it.
    """
    waiting: deque[Future[tuple[_Item, ...]]] = deque()
    with ContextThreads(1) as thread:
        try:
            waiting.extend(thread.submit(_next, items) for _ in range(count))
            while item := waiting.popleft().result():
                waiting.append(thread.submit(_next, items))
                yield item[0]
        finally:
            for future in waiting:
                future.cancel()


def _next(items: Iterator[_Item]) -> tuple[_Item, ...]:
    """The next item; nothing at the end."""
    for item in items:
        return (item,)
    return ()
