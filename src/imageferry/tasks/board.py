"""The list of tasks as the console shows it: searched, and read in windows of any place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from imageferry.tasks.model import Task, TaskAction
from imageferry.tasks.queries import to_task
from imageferry.tasks.tables import tasks


@dataclass(frozen=True, kw_only=True)
class BoardFilter:
    """Which tasks of an account are meant: of those that the API tells, all that meet all.

    An empty or absent condition does not narrow the choice.

    Attributes:
        search: A part of the task's id, of its image's id, or of the name that an
            import gives its image, without regard to case.
        found_images: Images whose tasks a search finds too.
        created_from, created_to: Both inclusive.
    """

    account_id: str
    region_id: str = ""
    action: str = ""
    status: str = ""
    search: str = ""
    found_images: Sequence[str] = ()
    created_from: datetime | None = None
    created_to: datetime | None = None


def newest(
    connection: sa.Connection,
    condition: BoardFilter,
    *,
    before: int | None = None,
    after: int | None = None,
    size: int,
) -> Sequence[Task]:
    """The tasks that are meant, newest first.

    Args:
        connection: A transaction.
        condition: Which tasks are meant.
        before: Only tasks older than the one of this sequence: the newest of them.
        after: Only tasks newer than the one of this sequence: the oldest of them.
        size: The most tasks.
    """
    which = [_where(condition)]
    if before is not None:
        which.append(tasks.c.sequence < before)
    if after is not None:
        which.append(tasks.c.sequence > after)
    order = tasks.c.sequence.desc() if after is None else tasks.c.sequence.asc()
    rows = connection.execute(sa.select(tasks).where(*which).order_by(order).limit(size))
    found = [to_task(row) for row in rows]
    return found if after is None else found[::-1]


def count(connection: sa.Connection, condition: BoardFilter) -> int:
    """How many tasks are meant."""
    return connection.execute(
        sa.select(sa.func.count()).select_from(tasks).where(_where(condition))
    ).scalar_one()


def _where(condition: BoardFilter) -> sa.ColumnElement[bool]:
    conditions = [
        tasks.c.account_id == condition.account_id,
        tasks.c.action.in_([action.value for action in TaskAction if action.told]),
    ]
    equal = (
        (tasks.c.region_id, condition.region_id),
        (tasks.c.action, condition.action),
        (tasks.c.status, condition.status),
    )
    conditions.extend(column == value for column, value in equal if value)
    if condition.search:
        conditions.append(_matches(condition))
    if condition.created_from is not None:
        conditions.append(tasks.c.created >= condition.created_from)
    if condition.created_to is not None:
        conditions.append(tasks.c.created <= condition.created_to)
    return sa.and_(*conditions)


def _matches(condition: BoardFilter) -> sa.ColumnElement[bool]:
    texts = (tasks.c.task_id, tasks.c.resource_id, tasks.c.request["ImageName"].as_string())
    contained = [text.icontains(condition.search, autoescape=True) for text in texts]
    return sa.or_(*contained, tasks.c.resource_id.in_(condition.found_images))
