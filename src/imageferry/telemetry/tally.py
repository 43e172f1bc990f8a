"""What one piece of work has asked of object stores, added up over all its threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class StoreWork:
    """Requests and bytes.

    Attributes:
        requests: Requests that were made, each once however often it was repeated.
        retries: How often one was repeated.
        bytes_read, bytes_written: Bytes of objects.
    """

    requests: int = 0
    retries: int = 0
    bytes_read: int = 0
    bytes_written: int = 0

    def __add__(self, other: StoreWork) -> StoreWork:
        """Both together."""
        return StoreWork(
            self.requests + other.requests,
            self.retries + other.retries,
            self.bytes_read + other.bytes_read,
            self.bytes_written + other.bytes_written,
        )

    def __sub__(self, other: StoreWork) -> StoreWork:
        """What one has more than the other."""
        return StoreWork(
            self.requests - other.requests,
            self.retries - other.retries,
            self.bytes_read - other.bytes_read,
            self.bytes_written - other.bytes_written,
        )


class Tally:
    """Adds store work up. Safe in threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sum = StoreWork()

    def add(self, work: StoreWork) -> None:
        """Add to the sum."""
        with self._lock:
            self._sum += work

    def read(self) -> StoreWork:
        """The sum."""
        with self._lock:
            return self._sum


_current: ContextVar[Tally | None] = ContextVar("imageferry_tally", default=None)


@contextmanager
def tallied() -> Iterator[Tally]:
    """Add up what is asked of stores in this block, and in the threads that it uses."""
    tally = Tally()
    token = _current.set(tally)
    try:
        yield tally
    finally:
        _current.reset(token)


def add(work: StoreWork) -> None:
    """Add to the sum of the present piece of work, if there is one."""
    tally = _current.get()
    if tally is not None:
        tally.add(work)
