"""All tasks of the service at a glance, without reading those that have ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from imageferry.database.metadata import now
from imageferry.tasks.model import TaskStatus
from imageferry.tasks.places import WHOLE
from imageferry.tasks.tables import task_blocks, tasks

STANDS_STILL = timedelta(minutes=1)
"""A task that has not moved for so long has no rate, whatever its worker wrote before it died."""


@dataclass(frozen=True)
class Overview:
    """The tasks of all accounts.

    Attributes:
        counts: How many there are of each action and status.
        waiting_since: When the oldest was made that waits; ``None`` where none does.
        still_since: When the running one has moved last that stands still longest; ``None``
            where none runs.
        bytes_per_second: The rates of all together that run and have moved of late.
    """

    counts: Mapping[tuple[str, str], int]
    waiting_since: datetime | None
    still_since: datetime | None
    bytes_per_second: int


def overview(connection: sa.Connection) -> Overview:
    """The tasks now. It reads one row for each kind of an account's tasks, and those that run."""
    waiting_since = connection.execute(
        sa.select(tasks.c.created)
        .where(tasks.c.status == TaskStatus.WAITING.value)
        .order_by(tasks.c.sequence)
        .limit(1)
    ).scalar_one_or_none()
    moves = tasks.c.last_progress >= now() - STANDS_STILL
    running = connection.execute(
        sa.select(
            sa.func.min(sa.func.coalesce(tasks.c.last_progress, tasks.c.started)),
            sa.func.coalesce(sa.func.sum(tasks.c.bytes_per_second).filter(moves), 0),
        ).where(tasks.c.status == TaskStatus.PROCESSING.value)
    ).one()
    return Overview(_counts(connection), waiting_since, running[0], int(running[1]))


def _counts(connection: sa.Connection) -> Mapping[tuple[str, str], int]:
    rows = connection.execute(
        sa.select(task_blocks.c.action, task_blocks.c.status, sa.func.sum(task_blocks.c.tasks))
        .where(task_blocks.c.level == WHOLE)
        .group_by(task_blocks.c.action, task_blocks.c.status)
    )
    return {(action, status): int(count) for action, status, count in rows}
