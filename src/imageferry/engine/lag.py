"""How late a worker's engine is with what is due, for operators.

An engine that is late has no error to tell: tasks begin later, leases come closer to their end, and
dead workers are found later, until something breaks.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from imageferry.imaging.lease import seconds_since_boot
from imageferry.telemetry import metrics

WINDOW_SECONDS = 60.0
"""How long the greatest lag is told: whoever looks every 15 s or 30 s is to see a short one too."""


class Lag:
    """How late one part of the engine is. Safe in threads.

    What has not come is late too: a part that hangs is seen as long as it does.

    Args:
        part: Its name among the metric's labels. It is told from when something is expected of it.
        clock: Seconds that only go forward.
    """

    def __init__(self, part: str, clock: Callable[[], float] = seconds_since_boot) -> None:
        self._part = part
        self._clock = clock
        self._lock = threading.Lock()
        self._due: dict[str, float] = {}
        self._greatest: deque[tuple[float, float]] = deque()

    def expect(self, seconds: float, what: str = "") -> None:
        """Something is due in so many seconds; if it was before, then it has come now.

        Args:
            seconds: When it is in time.
            what: Which of several things that may be due.
        """
        metrics.ENGINE_LAG.labels(self._part).set_function(self.seconds)
        with self._lock:
            self._come(what)
            self._due[what] = self._clock() + seconds

    def came(self, what: str = "") -> None:
        """Something has come, if it was due, and is due no more."""
        with self._lock:
            self._come(what)

    def seconds(self) -> float:
        """The greatest lag of the last minute, that of now included."""
        with self._lock:
            moment = self._clock()
            remembered = [late for since, late in self._greatest if since > moment - WINDOW_SECONDS]
            return max([0.0, *remembered, *(moment - due for due in self._due.values())])

    def _come(self, what: str) -> None:
        moment = self._clock()
        late = moment - self._due.pop(what, moment)
        # Falling: a lag is of no account any more when a greater one comes after it.
        while self._greatest and self._greatest[-1][1] <= late:
            self._greatest.pop()
        self._greatest.append((moment, late))
        while self._greatest[0][0] <= moment - WINDOW_SECONDS:
            self._greatest.popleft()


UPTAKE = Lag("uptake")
"""The looks for tasks that wait."""

HAND_OVER = Lag("hand_over")
"""Tasks with a free slot that the engine's library has to begin, by the names of their runs."""

LEASES = Lag("leases")
"""The renewals of leases, by their tokens."""

SIGNS_OF_LIFE = Lag("signs_of_life")
"""The signs of life for the other workers."""

FAILURE_DETECTOR = Lag("failure_detector")
"""The looks for dead workers."""

RECONCILER = Lag("reconciler")
"""The looks for tasks that the engine's library has lost."""
