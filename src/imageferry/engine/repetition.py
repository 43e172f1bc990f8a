"""What a worker does again and again beside its tasks, however badly one time went."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from imageferry.database.connection import UNAVAILABLE
from imageferry.engine.lag import Lag
from imageferry.telemetry.logs import first_line

_log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Repetition:
    """Work that is done every so often.

    Attributes:
        work: The work.
        every: Seconds between two times.
        after_failure: Seconds until the next time where one has failed.
        lag: What is told when each time is due.
        failure: What the log calls a time that has failed.
    """

    work: Callable[[], object]
    every: float
    after_failure: float
    lag: Lag
    failure: str

    def run(self, wait: Callable[[float], bool]) -> None:
        """Do the work until it is to end.

        Args:
            wait: Waits for so many seconds, and says whether it is to end.
        """
        self.lag.expect(self.every)
        pause = self.every
        while not wait(pause):
            pause = self.after_failure
            try:
                self.work()
            except UNAVAILABLE as error:
                _log.warning(self.failure, reason=first_line(error))
            except Exception:  # noqa: BLE001 - the next time must come, whatever is wrong with this
                _log.exception(self.failure)
            else:
                pause = self.every
                self.lag.expect(self.every)
        self.lag.came()


@contextmanager
def repeating(repetition: Repetition, patience: float | None = None) -> Iterator[None]:
    """Do the work in a thread meanwhile.

    Args:
        repetition: The work.
        patience: Seconds to wait for its end in the end; ``None`` for as long as it takes.
    """
    stop = threading.Event()
    thread = threading.Thread(target=repetition.run, args=(stop.wait,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(patience)
