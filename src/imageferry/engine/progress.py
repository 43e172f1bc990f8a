"""How far a task is: bytes of its phase, a rate, and a per cent of the whole."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from imageferry.tasks.model import Phase, TaskAction

RATE_SECONDS = 5.0
"""The rate is that of the last seconds: long enough to be steady, short enough to be true."""

SHARES: Mapping[TaskAction, Mapping[Phase, tuple[int, int]]] = {
    TaskAction.IMPORT_IMAGE: {
        Phase.TRANSFER: (0, 90),
        Phase.VERIFY: (90, 97),
        Phase.DETECT: (97, 98),
        Phase.PUBLISH: (98, 99),
    },
    TaskAction.COPY_IMAGE: {
        Phase.TRANSFER: (0, 90),
        Phase.VERIFY: (90, 98),
        Phase.PUBLISH: (98, 99),
    },
    TaskAction.EXPORT_IMAGE: {
        Phase.CONVERT: (0, 50),
        Phase.PACK: (50, 98),
        Phase.PUBLISH: (98, 99),
    },
}
"""For each phase the per cent of the task at its beginning and at its end."""


@dataclass(frozen=True)
class Reading:
    """What a meter shows at one moment. Bytes are those of the present phase."""

    phase: Phase
    percent: int
    bytes_done: int
    bytes_total: int
    bytes_per_second: int


class ProgressMeter:
    """Adds up what the disks of a task have done in the present phase. Safe in threads.

    Args:
        action: What the task does.
        clock: Seconds that only go forward.
    """

    def __init__(self, action: TaskAction, clock: Callable[[], float] = time.monotonic) -> None:
        self._shares = SHARES[action]
        self._clock = clock
        self._lock = threading.Lock()
        self.enter(Phase.QUEUED, 0)

    def enter(self, phase: Phase, total: int) -> None:
        """Begin a phase of so many bytes."""
        with self._lock:
            self._phase = phase
            self._total = total
            self._done: dict[int, int] = {}
            self._seen: deque[tuple[float, int]] = deque([(self._clock(), 0)])

    def advance(self, disk: int, done: int) -> None:
        """Note that so many bytes of a disk are done; fewer than before do not count."""
        with self._lock:
            self._done[disk] = max(done, self._done.get(disk, 0))

    def read(self) -> Reading:
        """What it shows now."""
        with self._lock:
            done = min(sum(self._done.values()), self._total)
            return Reading(
                phase=self._phase,
                percent=self._percent(done),
                bytes_done=done,
                bytes_total=self._total,
                bytes_per_second=self._rate(done),
            )

    def _percent(self, done: int) -> int:
        begin, end = self._shares.get(self._phase, (0, 0))
        return begin + (end - begin) * done // self._total if self._total else begin

    def _rate(self, done: int) -> int:
        now = self._clock()
        self._seen.append((now, done))
        while len(self._seen) > 2 and now - self._seen[1][0] >= RATE_SECONDS:  # noqa: PLR2004 - ends
            self._seen.popleft()
        since, before = self._seen[0]
        return int((done - before) / (now - since)) if now > since else 0
