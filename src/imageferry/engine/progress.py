"""How far a task is: bytes of its transfer, a rate, and a per cent of the whole."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from imageferry.tasks.model import Phase, TaskAction
from imageferry.tasks.notes import DiskBytes

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
        Phase.TRANSFER: (0, 95),
        Phase.VERIFY: (95, 98),
        Phase.PUBLISH: (98, 99),
    },
}
"""For each phase the per cent of the task at its beginning and at its end."""


@dataclass(frozen=True)
class Reading:
    """What a meter shows at one moment.

    Attributes:
        phase: What the task is doing.
        percent: Of the whole task; never less than before.
        bytes_done: Bytes of the sources that are moved, whatever the phase; never fewer than
            before.
        bytes_total: Bytes of the sources that there are to move, as far as that is known.
        bytes_per_second: The rate of the present phase, over the last seconds.
        idle_seconds: How long ago anything was done last.
    """

    phase: Phase
    percent: int
    bytes_done: int
    bytes_total: int
    bytes_per_second: int
    idle_seconds: float = 0.0


class ProgressMeter:
    """Adds up what the disks of a task have done. Safe in threads.

    Args:
        action: What the task does.
        clock: Seconds that only go forward.
        begun: What the task has shown before. Bytes that are moved once more after an
            interruption do not count again.
    """

    def __init__(
        self,
        action: TaskAction,
        clock: Callable[[], float] = time.monotonic,
        *,
        begun: Reading = Reading(Phase.QUEUED, 0, 0, 0, 0),
    ) -> None:
        self._shares = SHARES[action]
        self._clock = clock
        self._lock = threading.Lock()
        self._percent = begun.percent
        self._moved = begun.bytes_done
        self._to_move = begun.bytes_total
        self.enter(begun.phase, {})

    def enter(self, phase: Phase, totals: Mapping[int, int]) -> None:
        """Begin a phase of so many bytes for each disk, as far as that is known."""
        with self._lock:
            self._phase = phase
            self._totals = dict(totals)
            self._done: dict[int, int] = {}
            self._did = 0
            self._did_last = self._clock()
            self._seen: deque[tuple[float, int]] = deque()
            self._rate(self._moved if phase is Phase.TRANSFER else 0)

    def expect(self, disk: int, total: int) -> None:
        """Note how many bytes of a disk there are to do, where that is known better now."""
        with self._lock:
            self._totals[disk] = total

    def advance(self, disk: int, done: int) -> None:
        """Note that so many bytes of a disk are done; fewer than before do not count."""
        with self._lock:
            self._done[disk] = max(done, self._done.get(disk, 0))

    def complete(self, disk: int) -> None:
        """Note that all bytes of a disk are done."""
        with self._lock:
            self._done[disk] = self._totals.get(disk, 0)

    def read(self) -> Reading:
        """What it shows now."""
        with self._lock:
            done = sum(min(self._done.get(disk, 0), total) for disk, total in self._totals.items())
            total = sum(self._totals.values())
            if self._phase is Phase.TRANSFER and self._totals:
                self._moved = max(self._moved, done)
                self._to_move = max(self._moved, total)
            return Reading(
                phase=self._phase,
                percent=self._advanced(done, total),
                bytes_done=self._moved,
                bytes_total=self._to_move,
                bytes_per_second=self._rate(self._moved if self._phase is Phase.TRANSFER else done),
                idle_seconds=self._idle(done),
            )

    def read_disks(self) -> Mapping[int, DiskBytes]:
        """How far each disk is in the present phase."""
        with self._lock:
            return {
                disk: DiskBytes(min(self._done.get(disk, 0), total), total)
                for disk, total in self._totals.items()
            }

    def _advanced(self, done: int, total: int) -> int:
        """The per cent, which stands still while more turns out to be left than was thought."""
        begin, end = self._shares.get(self._phase, (0, 0))
        percent = begin + (end - begin) * done // total if total else begin
        self._percent = max(self._percent, percent)
        return self._percent

    def _rate(self, done: int) -> int:
        now = self._clock()
        self._seen.append((now, done))
        while len(self._seen) > 2 and now - self._seen[1][0] >= RATE_SECONDS:  # noqa: PLR2004 - ends
            self._seen.popleft()
        since, before = self._seen[0]
        return int((done - before) / (now - since)) if now > since else 0

    def _idle(self, done: int) -> float:
        now = self._clock()
        if done != self._did:
            self._did, self._did_last = done, now
        return now - self._did_last
