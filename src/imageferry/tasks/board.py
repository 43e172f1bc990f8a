"""The list of tasks as the console shows it: searched, and read in windows of any place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from imageferry.database.distinct import each_value
from imageferry.tasks import places, windows
from imageferry.tasks.forms import WHOLE_TASK
from imageferry.tasks.model import Task, TaskAction
from imageferry.tasks.places import Selection, Survey
from imageferry.tasks.tables import task_blocks, tasks

_TOLD = tuple(action.value for action in TaskAction if action.told)

_REGIONS = each_value(
    task_blocks.c.region_id, task_blocks.c.account_id == sa.bindparam("account_id")
)


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
    if condition.search:
        return _searched(connection, condition, before=before, after=after, size=size)
    found = [
        task
        for survey in _surveys(connection, condition)
        for task in windows.read(
            connection,
            survey,
            WHOLE_TASK,
            size,
            oldest=0 if after is None else after + 1,
            newest=None if before is None else before - 1,
            upwards=after is not None,
        )
    ]
    found.sort(key=lambda task: task.sequence, reverse=True)
    return found[:size] if after is None else found[-size:]


def count(connection: sa.Connection, condition: BoardFilter) -> int:
    """How many tasks are meant."""
    if not condition.search:
        return sum(survey.total for survey in _surveys(connection, condition))
    return connection.execute(
        sa.select(sa.func.count()).select_from(tasks).where(_where(condition))
    ).scalar_one()


def _surveys(connection: sa.Connection, condition: BoardFilter) -> Iterator[Survey]:
    """What is known of the tasks of each region, where no text is searched for."""
    actions = tuple(name for name in _TOLD if condition.action in ("", name))
    if not actions:
        return
    regions = [condition.region_id] if condition.region_id else None
    for region_id in regions or _regions(connection, condition.account_id):
        selection = Selection(
            account_id=condition.account_id,
            region_id=region_id,
            actions=actions,
            statuses=(condition.status,) if condition.status else (),
            created_from=condition.created_from or places.BEGINNING,
            created_to=condition.created_to or places.END,
        )
        yield places.survey(connection, selection)


def _regions(connection: sa.Connection, account_id: str) -> Sequence[str]:
    """The regions in which an account has had tasks."""
    return connection.execute(_REGIONS, {"account_id": account_id}).scalars().all()


def _searched(
    connection: sa.Connection,
    condition: BoardFilter,
    *,
    before: int | None,
    after: int | None,
    size: int,
) -> Sequence[Task]:
    """The tasks that a text is found in: all of the account's may have to be looked at."""
    which = [_where(condition)]
    if before is not None:
        which.append(tasks.c.sequence < before)
    if after is not None:
        which.append(tasks.c.sequence > after)
    order = tasks.c.sequence.desc() if after is None else tasks.c.sequence.asc()
    # What a task says beside its sequence is not carried along while they are put in order.
    chosen = sa.select(tasks.c.sequence).where(*which).order_by(order).limit(size)
    rows = connection.execute(windows.rows_of(chosen, WHOLE_TASK))
    return [WHOLE_TASK.task(row) for row in rows]


def _where(condition: BoardFilter) -> sa.ColumnElement[bool]:
    equal = (
        (tasks.c.region_id, condition.region_id),
        (tasks.c.action, condition.action),
        (tasks.c.status, condition.status),
    )
    conditions = [
        tasks.c.account_id == condition.account_id,
        tasks.c.action.in_(_TOLD),
        _matches(condition),
        *(column == value for column, value in equal if value),
    ]
    if condition.created_from is not None:
        conditions.append(tasks.c.created >= condition.created_from)
    if condition.created_to is not None:
        conditions.append(tasks.c.created <= condition.created_to)
    return sa.and_(*conditions)


def _matches(condition: BoardFilter) -> sa.ColumnElement[bool]:
    texts = (tasks.c.task_id, tasks.c.resource_id, tasks.c.request["ImageName"].as_string())
    contained = [text.icontains(condition.search, autoescape=True) for text in texts]
    return sa.or_(*contained, tasks.c.resource_id.in_(condition.found_images))
