"""How fast tasks were over time: noted often while they are young, and rarely later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa

from imageferry.database.metadata import now
from imageferry.tasks.model import TaskSample
from imageferry.tasks.tables import task_samples

SAMPLE_EVERY = timedelta(seconds=1)
"""How often a task's rate is noted at the most."""

SAMPLES_AN_AGE = 100
"""The older a task, the rarer: at most this part of its age lies between two notes, or a second.
A task of a day has some 800 of them."""


def note(connection: sa.Connection, task_id: str, bytes_per_second: int) -> None:
    """Note how fast a task is, unless the last note is recent for a task of its age."""
    moment = now()
    first, last = connection.execute(
        sa.select(sa.func.min(task_samples.c.time), sa.func.max(task_samples.c.time)).where(
            task_samples.c.task_id == task_id
        )
    ).one()
    if last is not None and moment - last < max(SAMPLE_EVERY, (moment - first) / SAMPLES_AN_AGE):
        return
    connection.execute(
        sa.insert(task_samples).values(
            task_id=task_id, time=moment, bytes_per_second=bytes_per_second
        )
    )


def of(connection: sa.Connection, task_id: str) -> Sequence[TaskSample]:
    """How fast a task was, oldest first."""
    rows = connection.execute(
        sa.select(task_samples.c.time, task_samples.c.bytes_per_second)
        .where(task_samples.c.task_id == task_id)
        .order_by(task_samples.c.time)
    )
    return [TaskSample(*row) for row in rows]
