"""The log lines of tasks that are carried out, kept until they are put where their owner sees them.

Owners are shown what their task does, not how the service is built: of each line the names that
:data:`SHOWN` has, and no traceback.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from structlog.typing import EventDict, WrappedLogger

SHOWN = frozenset(
    {"step", "attempt", "phase", "seconds", "bytes", "store", "action", "resource_id"}
    | {"code", "message", "disk"}
)
"""What is kept of a line beside its event."""

MAX_LINES = 100
"""How many lines of a task wait at the most: the earlier ones are dropped."""

MAX_CHARACTERS = 2000
"""How much of a line is kept."""


@dataclass(frozen=True)
class Line:
    """A line about a task.

    Attributes:
        time: When it was written, UTC.
        level: How grave it is: ``info``, ``warning`` or ``error``.
        event: What happened, in a word.
        detail: What is known of it, as JSON; empty where nothing is.
    """

    time: datetime
    level: str
    event: str
    detail: str


class KeptLines:
    """Keeps the lines of the tasks that are wanted. Safe in threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted: dict[str, int] = {}
        self._lines: dict[str, deque[Line]] = {}

    def __call__(self, _logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        """Keep a line on its way to where lines are written."""
        task_id = event.get("task_id")
        if task_id in self._wanted:
            line = Line(datetime.now(UTC), method, str(event.get("event", "")), _detail(event))
            with self._lock:
                if task_id in self._wanted:
                    self._lines.setdefault(task_id, deque(maxlen=MAX_LINES)).append(line)
        return event

    @contextmanager
    def wanted(self, task_id: str) -> Iterator[None]:
        """Keep the lines of a task meanwhile; what nobody has taken by then is dropped."""
        with self._lock:
            self._wanted[task_id] = self._wanted.get(task_id, 0) + 1
        try:
            yield
        finally:
            with self._lock:
                self._wanted[task_id] -= 1
                if not self._wanted[task_id]:
                    del self._wanted[task_id]
                    self._lines.pop(task_id, None)

    def take(self, task_id: str) -> Sequence[Line]:
        """The lines of a task that nobody has taken yet, oldest first."""
        with self._lock:
            return list(self._lines.pop(task_id, ()))


LINES = KeptLines()
"""The lines of this process."""


def _detail(event: EventDict) -> str:
    shown = {name: event[name] for name in event if name in SHOWN}
    return json.dumps(shown, default=str, ensure_ascii=False)[:MAX_CHARACTERS] if shown else ""
