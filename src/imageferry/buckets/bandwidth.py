"""How many bytes a second a process moves from and to remote stores, all its tasks together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

BURST_SECONDS = 1.0
"""How much of what was not moved before may be made up for."""


class Bandwidth:
    """A limit of bytes a second; none at first. Safe in threads.

    Requests are not slowed down: each waits until those before it have had their time.

    Args:
        clock: Seconds that only go forward.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._rate = 0
        self._free_at = float("-inf")

    def limit(self, bytes_per_second: int) -> None:
        """Set the limit; 0 for none."""
        with self._lock:
            self._rate = bytes_per_second

    def wait_for(self, size: int) -> float:
        """Take the time that so many bytes need, and return how many seconds off it begins."""
        with self._lock:
            if not self._rate:
                return 0.0
            now = self._clock()
            begin = max(self._free_at, now - BURST_SECONDS)
            self._free_at = begin + size / self._rate
            return max(0.0, begin - now)


PROCESS = Bandwidth()
"""That of this process."""
