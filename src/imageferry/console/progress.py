"""How far a task is, in the words and numbers of a page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from imageferry.console.interface import Task
from imageferry.console.quantities import about
from imageferry.console.templating import seconds_between

_MOVING = "transfer"
_FULL = 100

STILL_SECONDS = 120
"""How long nothing moves before it is said: a busy disk or network may well take a minute."""


@dataclass(frozen=True)
class Progress:
    """What is shown of a task's progress at a moment.

    Attributes:
        task: The task.
        age: Seconds since it was made.
        took: Seconds that it took, or has taken until now.
        seconds_left: To the end of the transfer; ``None`` where that is not known.
        still: Seconds in which nothing has moved, where that are so many that something is wrong.
    """

    task: Task
    age: int
    took: int
    seconds_left: int | None
    still: int | None = None

    @property
    def percent(self) -> int:
        """How far the bar is."""
        return _FULL if self.task.status == "Finished" else self.task.percent

    @property
    def has_bar(self) -> bool:
        """Whether a bar says something: the task has begun, and has not ended."""
        is_paused = self.task.status == "Paused" and self.task.percent > 0
        return self.task.status == "Processing" or is_paused

    @property
    def state(self) -> object:
        """All that a list shows of the task: as long as it is the same, so is what is shown."""
        return self.task, _about(self.age), self.still and _about(self.still)

    @property
    def is_moving(self) -> bool:
        """Whether bytes and their rate say something."""
        return self.has_bar and self.task.bytes_total > 0


def progress(task: Task, now: datetime) -> Progress:
    """What is shown of a task at a moment."""
    left = None
    if task.phase == _MOVING and task.bytes_per_second > 0 and task.bytes_total > 0:
        left = max(0, -(-(task.bytes_total - task.bytes_done) // task.bytes_per_second))
    return Progress(
        task,
        age=seconds_between(task.created, now),
        took=seconds_between(task.created, task.finished or now),
        seconds_left=left,
        still=_still(task, now),
    )


def _still(task: Task, now: datetime) -> int | None:
    if task.status != "Processing" or task.moved is None:
        return None
    still = seconds_between(task.moved, now)
    return still if still >= STILL_SECONDS else None


def _about(seconds: int) -> str:
    return about(lambda key, **values: f"{key} {values}", seconds)
