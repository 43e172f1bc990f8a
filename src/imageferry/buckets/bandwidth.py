"""How many bytes a second a process moves from and to its stores, all its tasks together.

All that a task reads and writes has to pass here, whatever the store.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from imageferry.buckets.interruption import Interruption

BURST_SECONDS = 1.0
"""How much of what was not moved before may be made up for."""


class Bandwidth:
    """A limit of bytes a second; none at first. Safe in threads.

    What is moved is not slowed down: it waits until what came before it has had its time.

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

    def let_pass(self, size: int, interruption: Interruption) -> None:
        """Wait until it is the turn of so many bytes.

        Raises:
            InterruptedRequestError: nobody wants them any more.
        """
        if seconds := self.wait_for(size):
            interruption.pause(seconds)


PROCESS = Bandwidth()
"""That of this process."""


def unlimited(_size: int) -> None:
    """Let bytes pass at once: they are from or for no store."""
