"""An answer that is good for a moment, however many ask."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

_Answer = TypeVar("_Answer")


class Recent(Generic[_Answer]):
    """Finds something out at most once in a while. Safe in threads.

    Args:
        find: Finds it out.
        seconds: How long the answer is good for.
        clock: Seconds that never go back.
    """

    def __init__(
        self,
        find: Callable[[], _Answer],
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._find = find
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._answer: tuple[float, _Answer] | None = None

    def get(self) -> _Answer:
        """The answer; whoever asks while it is found out waits for it."""
        with self._lock:
            if self._answer is None or self._clock() >= self._answer[0] + self._seconds:
                found = self._find()
                self._answer = (self._clock(), found)
            return self._answer[1]
