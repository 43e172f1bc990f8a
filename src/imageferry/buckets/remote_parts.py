"""Streams and files cut into parts, and parts stored by several threads in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import TypeVar

from imageferry.telemetry.threads import ContextThreads

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

PART_SIZE = 16 << 20
"""Bytes of a part, except of files too large for it.

An object that is being stored takes up to nine parts of memory.
"""

THREADS = 4
MAX_PARTS = 10_000


def pieces(chunks: Iterable[bytes], size: int = PART_SIZE) -> Iterator[bytes]:
    """The same bytes in pieces of ``size`` bytes, of which only the last may be shorter."""
    piece = bytearray()
    for chunk in chunks:
        rest = memoryview(chunk)
        while len(piece) + len(rest) >= size:
            taken = size - len(piece)
            piece += rest[:taken]
            rest = rest[taken:]
            yield bytes(piece)
            piece = bytearray()
        piece += rest
    if piece:
        yield bytes(piece)


def in_threads(function: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
    """The results for all items, in their order; an item is taken when a thread is free for it."""
    results: list[_Result] = []
    pending: deque[Future[_Result]] = deque()
    with ContextThreads(THREADS) as threads:
        try:
            for item in items:
                pending.append(threads.submit(function, item))
                if len(pending) == THREADS:
                    results.append(pending.popleft().result())
            results.extend(future.result() for future in pending)
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            raise
    return results
