"""The forms in which tasks are read: whole, or as far as lists tell them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from imageferry.tasks.model import ListedTask, Phase, Task, TaskAction, TaskStatus
from imageferry.tasks.tables import tasks

AnyTask = TypeVar("AnyTask", bound=ListedTask)

_WORDS: Mapping[str, Callable[[str], object]] = {
    "action": TaskAction,
    "status": TaskStatus,
    "phase": Phase,
}


class Form(Generic[AnyTask]):
    """What is read of tasks, and what is made of it.

    Args:
        kind: What is made; its fields have the names of the columns that are read.

    Attributes:
        columns: Those columns.
    """

    def __init__(self, kind: type[AnyTask]) -> None:
        self._kind = kind
        # Not SQLAlchemy's own names: they are of a subclass of texts, by which Python takes
        # ten times as long to find the arguments of a call.
        self._names = tuple(field.name for field in fields(kind))
        self._words = [(name, _WORDS[name]) for name in self._names if name in _WORDS]
        self.columns = tuple(tasks.c[name] for name in self._names)

    def task(self, row: sa.Row[tuple[object, ...]]) -> AnyTask:
        """A row of the columns as a task."""
        values: dict[str, Any] = dict(zip(self._names, row, strict=True))
        for name, word in self._words:
            values[name] = word(values[name])
        return self._kind(**values)


WHOLE_TASK = Form(Task)
LISTED_TASK = Form(ListedTask)
