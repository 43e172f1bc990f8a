"""What is kept of a task beside its state: how far each disk is, and what its worker says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from imageferry.tasks.tables import task_disks, task_lines

MAX_LINES = 500
"""How many lines of a task are kept: the latest."""


@dataclass(frozen=True)
class DiskBytes:
    """How far a disk is in the present phase; a total of 0 is not known."""

    done: int
    total: int


@dataclass(frozen=True)
class TaskLine:
    """A line of a worker's log.

    Attributes:
        sequence: Counts up with every line.
        time: When it was written, UTC.
        level: How grave it is: ``info``, ``warning`` or ``error``.
        event: What happened, in a word.
        detail: What is known of it, as JSON; empty where nothing is.
    """

    sequence: int
    time: datetime
    level: str
    event: str
    detail: str


def record_disks(connection: sa.Connection, task_id: str, disks: Mapping[int, DiskBytes]) -> None:
    """Note how far disks are, by their positions."""
    for position, read in sorted(disks.items()):
        connection.execute(
            sa.update(task_disks)
            .where(task_disks.c.task_id == task_id, task_disks.c.position == position)
            .values(bytes_done=read.done, bytes_total=read.total)
        )


def append_lines(
    connection: sa.Connection, task_id: str, new: Sequence[Mapping[str, object]]
) -> None:
    """Keep lines of a task, and forget its earliest where there are too many."""
    if not new:
        return
    connection.execute(sa.insert(task_lines), [{"task_id": task_id, **line} for line in new])
    first_too_many = (
        sa.select(task_lines.c.sequence)
        .where(task_lines.c.task_id == task_id)
        .order_by(task_lines.c.sequence.desc())
        .offset(MAX_LINES)
        .limit(1)
        .scalar_subquery()
    )
    connection.execute(
        sa.delete(task_lines).where(
            task_lines.c.task_id == task_id, task_lines.c.sequence <= first_too_many
        )
    )


def lines(connection: sa.Connection, task_id: str, limit: int) -> Sequence[TaskLine]:
    """The latest lines of a task, oldest first."""
    columns = task_lines.c
    rows = connection.execute(
        sa.select(columns.sequence, columns.time, columns.level, columns.event, columns.detail)
        .where(columns.task_id == task_id)
        .order_by(columns.sequence.desc())
        .limit(limit)
    ).all()
    return [TaskLine(*row) for row in reversed(rows)]
