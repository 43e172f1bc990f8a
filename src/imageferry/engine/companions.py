"""What a worker does beside its tasks: it gives signs of life, and watches for those of others."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from imageferry.database.connection import UNAVAILABLE, Database
from imageferry.engine import lag, presence
from imageferry.engine.failure_detector import FailureDetector
from imageferry.engine.lag import Lag
from imageferry.engine.presence import Presence
from imageferry.engine.queue import ENGINE_VERSION, TaskQueue
from imageferry.engine.repetition import Repetition
from imageferry.imaging.lease import seconds_since_boot
from imageferry.settings import SettingError, Settings
from imageferry.telemetry.logs import first_line

TICK_SECONDS = 0.2
"""How soon a worker that was frozen notices it."""

JOIN_SECONDS = 5.0
"""How long a worker that leaves waits for a question to the database that is under way."""

_log = structlog.get_logger()


def check(settings: Settings) -> None:
    """Make sure that a worker's programs end before its tasks go on elsewhere.

    Raises:
        SettingError: the lease is too long.
    """
    timeout = settings.worker_timeout_seconds
    longest = timeout - presence.interval(timeout)
    if settings.lease_seconds > longest:
        raise SettingError(
            f"IMAGEFERRY_LEASE_SECONDS={settings.lease_seconds} is too long: with "
            f"IMAGEFERRY_WORKER_TIMEOUT_SECONDS={timeout} it can be {longest:.0f} at the most"
        )


class Companions:
    """The threads of one worker among several.

    Args:
        database: Where the workers' rows are.
        queue: What knows which worker has which task.
        executor: This worker's name.
        settings: How the service is set up.
        die: Ends this process at once. It is called when the others have taken this
            worker for dead, or must soon: it was frozen, and its tasks are theirs.
    """

    def __init__(
        self,
        database: Database,
        queue: TaskQueue,
        executor: str,
        settings: Settings,
        die: Callable[[], None],
    ) -> None:
        self._presence = Presence(database, executor)
        self._queue, self._executor = queue, executor
        self._detector = FailureDetector(database, queue, settings.worker_timeout_seconds)
        self._settings = settings
        self._interval = presence.interval(settings.worker_timeout_seconds)
        self._die = die
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def enter(self) -> None:
        """Join the workers, before any task is taken up: give signs of life, and watch others."""
        self._presence.enter(ENGINE_VERSION, self._settings.worker_slots)
        self._repeat(self._beat, lag.SIGNS_OF_LIFE)
        self._repeat(self._detector.look, lag.FAILURE_DETECTOR)

    def leave(self) -> None:
        """Leave the workers: what this one has not done goes on elsewhere at once.

        While the database is away nobody can be told; then its silence tells it.
        """
        self._stop.set()
        for thread in self._threads:
            thread.join(JOIN_SECONDS)
        try:
            self._presence.leave()
            self._queue.drop(self._executor)
        except UNAVAILABLE as error:
            _log.warning("worker_not_signed_off", reason=first_line(error))

    def _repeat(self, work: Callable[[], object], late: Lag) -> None:
        repetition = Repetition(
            work=work,
            every=self._interval,
            after_failure=self._interval,
            lag=late,
            failure="workers_out_of_sight",
        )
        thread = threading.Thread(target=repetition.run, args=(self._wait,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _wait(self, seconds: float) -> bool:
        """Wait, and say whether this worker leaves. It ends if it was frozen meanwhile."""
        end = seconds_since_boot() + seconds
        while (left := end - seconds_since_boot()) > 0:
            before = seconds_since_boot()
            if self._stop.wait(min(left, TICK_SECONDS)):
                return True
            if seconds_since_boot() - before > self._settings.lease_seconds:
                self._end("frozen")
        return False

    def _beat(self) -> None:
        if not self._presence.beat() and not self._stop.is_set():
            self._end("taken for dead")

    def _end(self, reason: str) -> None:
        _log.error("worker_ends", reason=reason)
        self._die()
