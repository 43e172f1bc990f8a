"""How long a worker's programs may go on without a sign that it still owns its task."""

from __future__ import annotations

import contextlib
import math
import os
import threading
import time


class LeaseExpiredError(Exception):
    """The lease was not renewed in time: another worker may have the task by now."""


def seconds_since_boot() -> float:
    """Seconds that also pass while the machine is suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Lease:
    """A worker's right to run programs for a task, which lasts until it is not renewed in time.

    The engine calls :meth:`renew` whenever its own lease in the database was renewed. Every
    guard that runs meanwhile gets a byte; a guard that gets none for as long as the lease
    lasts ends its program, even if this process is frozen.
    """

    def __init__(self, seconds: float) -> None:
        """Start a lease.

        Args:
            seconds: How long it lasts from now, and from each renewal on.
        """
        self.seconds = seconds
        self._lock = threading.Lock()
        self._deadline = seconds_since_boot() + seconds
        self._guards: set[int] = set()

    @property
    def remaining(self) -> float:
        """Seconds until it expires, 0 if it has."""
        return max(0.0, self._deadline - seconds_since_boot())

    def renew(self, since: float | None = None) -> None:
        """Let it last anew. May be called from any thread.

        An expired lease stays expired: whoever had it must find out whether the task is
        still his.

        Args:
            since: The moment, by :func:`seconds_since_boot`, that it counts from: before it was
                asked whether the task is still his. ``None`` means now.

        Raises:
            LeaseExpiredError: it was too late.
        """
        with self._lock:
            self.check()
            self._deadline = (seconds_since_boot() if since is None else since) + self.seconds
            passed = math.ceil(255 * (1 - min(1.0, self.remaining / self.seconds)))
            for guard in self._guards:
                with contextlib.suppress(BrokenPipeError, BlockingIOError):
                    os.write(guard, bytes([passed]))

    def check(self) -> None:
        """Make sure that it has not expired.

        Raises:
            LeaseExpiredError: it has.
        """
        if not self.remaining:
            raise LeaseExpiredError(f"The lease of {self.seconds} s was not renewed in time.")

    def attach(self, guard: int) -> None:
        """Write a byte for each renewal to the pipe ``guard``, a non-blocking descriptor."""
        with self._lock:
            self._guards.add(guard)

    def detach(self, guard: int) -> None:
        """Write to the pipe no more; when this returns, it may be closed."""
        with self._lock:
            self._guards.discard(guard)
