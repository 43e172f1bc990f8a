"""How often somebody may try to sign in."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict, deque
from collections.abc import Callable

MAX_REMEMBERED = 10_000
"""How many are remembered; those that tried longest ago are forgotten first."""


class Attempts:
    """Counts what failed in the last minutes. Safe in threads.

    Args:
        limit: How many failures are borne.
        seconds: How long a failure counts.
        clock: Seconds that only go forward.
    """

    def __init__(self, limit: int, seconds: float, clock: Callable[[], float]) -> None:
        self._limit = limit
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def seconds_to_wait(self, who: str) -> int:
        """How long somebody has to wait before the next attempt; 0 for not at all."""
        with self._lock:
            moments = self._recent(who)
            if len(moments) < self._limit:
                return 0
            return max(1, math.ceil(moments[0] + self._seconds - self._clock()))

    def note_failure(self, who: str) -> None:
        """Remember that an attempt has failed."""
        with self._lock:
            moments = self._recent(who)
            moments.append(self._clock())
            self._failures[who] = moments
            self._failures.move_to_end(who)
            if len(self._failures) > MAX_REMEMBERED:
                self._failures.popitem(last=False)

    def _recent(self, who: str) -> deque[float]:
        moments = self._failures.get(who) or deque(maxlen=self._limit)
        while moments and moments[0] <= self._clock() - self._seconds:
            moments.popleft()
        return moments
