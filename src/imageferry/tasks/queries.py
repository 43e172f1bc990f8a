"""Every question that is asked of tasks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from imageferry.database.metadata import now
from imageferry.database.upsert import upsert
from imageferry.tasks.model import (
    DiskStatus,
    Phase,
    Task,
    TaskAction,
    TaskDisk,
    TaskEvent,
    TaskSample,
    TaskStatus,
)
from imageferry.tasks.tables import task_disks, task_events, task_lists, task_samples, tasks

ACTIVE = (TaskStatus.WAITING.value, TaskStatus.PROCESSING.value)

IDS_A_QUERY = 1000
"""Databases take some tens of thousands of parameters at the most."""

LIST_KEPT_FOR = timedelta(minutes=10)
"""How long the later pages of a list go with its first one."""


@dataclass(frozen=True, kw_only=True)
class TaskFilter:
    """Which tasks are meant: of those that the API tells, all that meet every condition.

    An empty or absent condition does not narrow the choice.

    ``created_from`` and ``created_to`` are both inclusive.
    """

    account_id: str
    region_id: str
    task_ids: tuple[str, ...] = ()
    resource_ids: tuple[str, ...] = ()
    action: str = ""
    status: TaskStatus | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None


@dataclass(frozen=True)
class Page:
    """One page of a list, and how many tasks the whole list has."""

    tasks: Sequence[Task]
    total: int


def find(connection: sa.Connection, task_id: str) -> Task | None:
    """The task of that id."""
    row = connection.execute(sa.select(tasks).where(tasks.c.task_id == task_id)).one_or_none()
    return None if row is None else to_task(row)


def find_all(connection: sa.Connection, task_ids: Collection[str]) -> Sequence[Task]:
    """Those of the tasks that there are."""
    ids = sorted(task_ids)
    return [
        to_task(row)
        for start in range(0, len(ids), IDS_A_QUERY)
        for row in connection.execute(
            sa.select(tasks).where(tasks.c.task_id.in_(ids[start : start + IDS_A_QUERY]))
        )
    ]


def disks(connection: sa.Connection, task_id: str) -> Sequence[TaskDisk]:
    """What came of each disk of a task, by position."""
    rows = connection.execute(
        sa.select(task_disks).where(task_disks.c.task_id == task_id).order_by("position")
    )
    return [
        TaskDisk(
            position=row.position,
            status=DiskStatus(row.status),
            error_code=row.error_code,
            error_message=row.error_message,
            related_items=[(name, value) for name, value in row.related_items],
        )
        for row in rows
    ]


def events(connection: sa.Connection, task_id: str) -> Sequence[TaskEvent]:
    """What happened to a task, in order."""
    rows = connection.execute(
        sa.select(task_events.c.time, task_events.c.event, task_events.c.detail)
        .where(task_events.c.task_id == task_id)
        .order_by(task_events.c.sequence)
    )
    return [TaskEvent(*row) for row in rows]


def samples(connection: sa.Connection, task_id: str) -> Sequence[TaskSample]:
    """How fast a task was over time, oldest first."""
    rows = connection.execute(
        sa.select(task_samples.c.time, task_samples.c.bytes_per_second)
        .where(task_samples.c.task_id == task_id)
        .order_by(task_samples.c.time)
    )
    return [TaskSample(*row) for row in rows]


def active_of_resource(
    connection: sa.Connection, resource_id: str, action: TaskAction
) -> str | None:
    """The id of a task that is waiting or running for that image."""
    return connection.execute(
        sa.select(tasks.c.task_id)
        .where(
            tasks.c.resource_id == resource_id,
            tasks.c.status.in_(ACTIVE),
            tasks.c.action == action.value,
        )
        .limit(1)
    ).scalar_one_or_none()


def count_active(connection: sa.Connection, account_id: str, action: TaskAction) -> int:
    """How many tasks of an account are waiting or running."""
    return connection.execute(
        sa.select(sa.func.count()).where(
            tasks.c.account_id == account_id,
            tasks.c.status.in_(ACTIVE),
            tasks.c.action == action.value,
        )
    ).scalar_one()


def active(connection: sa.Connection) -> Mapping[str, TaskAction]:
    """All tasks that are waiting or running, by their ids."""
    rows = connection.execute(
        sa.select(tasks.c.task_id, tasks.c.action).where(tasks.c.status.in_(ACTIVE))
    )
    return {row.task_id: TaskAction(row.action) for row in rows}


def percents(connection: sa.Connection, task_ids: Sequence[str]) -> dict[str, int]:
    """How far each of the tasks is."""
    rows = connection.execute(
        sa.select(tasks.c.task_id, tasks.c.percent).where(tasks.c.task_id.in_(task_ids))
    )
    return {row.task_id: row.percent for row in rows}


def place_in_queue(connection: sa.Connection, task: Task) -> int:
    """How many tasks wait before this one, plus one; 0 for a task that does not wait."""
    if task.status is not TaskStatus.WAITING:
        return 0
    before = connection.execute(
        sa.select(sa.func.count()).where(
            tasks.c.status == TaskStatus.WAITING.value, tasks.c.sequence < task.sequence
        )
    ).scalar_one()
    return before + 1


def page(
    connection: sa.Connection, condition: TaskFilter, *, number: int, size: int, anchor: int | None
) -> Page:
    """One page of the tasks that are meant, newest first.

    Args:
        connection: A transaction.
        condition: Which tasks are meant.
        number: The page, from 1.
        size: The tasks on a page.
        anchor: The newest task that counts, by its sequence; ``None`` for all.
    """
    which = _where(condition)
    if anchor is not None:
        which = sa.and_(which, tasks.c.sequence <= anchor)
    total = connection.execute(
        sa.select(sa.func.count()).select_from(tasks).where(which)
    ).scalar_one()
    rows = connection.execute(
        sa.select(tasks)
        .where(which)
        .order_by(tasks.c.sequence.desc())
        .limit(size)
        .offset((number - 1) * size)
    )
    return Page([to_task(row) for row in rows], total)


def list_anchor(connection: sa.Connection, condition: TaskFilter) -> int | None:
    """The newest task when the list's first page was given, if that is not long ago."""
    return connection.execute(
        sa.select(task_lists.c.newest_sequence).where(
            task_lists.c.account_id == condition.account_id,
            task_lists.c.fingerprint == _fingerprint(condition),
            task_lists.c.begun > now() - LIST_KEPT_FOR,
        )
    ).scalar_one_or_none()


def begin_list(connection: sa.Connection, condition: TaskFilter, newest_sequence: int) -> None:
    """Remember the newest task of a first page, so that later pages neither repeat nor skip."""
    moment = now()
    connection.execute(sa.delete(task_lists).where(task_lists.c.begun <= moment - LIST_KEPT_FOR))
    upsert(
        connection,
        task_lists,
        {
            "account_id": condition.account_id,
            "fingerprint": _fingerprint(condition),
            "newest_sequence": newest_sequence,
            "begun": moment,
        },
    )


def _fingerprint(condition: TaskFilter) -> str:
    text = json.dumps(vars(condition), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _where(condition: TaskFilter) -> sa.ColumnElement[bool]:
    conditions = [
        tasks.c.account_id == condition.account_id,
        tasks.c.region_id == condition.region_id,
        tasks.c.action.in_([action.value for action in TaskAction if action.told]),
    ]
    if condition.task_ids:
        conditions.append(tasks.c.task_id.in_(condition.task_ids))
    if condition.resource_ids:
        conditions.append(tasks.c.resource_id.in_(condition.resource_ids))
    if condition.action:
        conditions.append(tasks.c.action == condition.action)
    if condition.status is not None:
        conditions.append(tasks.c.status == condition.status.value)
    if condition.created_from is not None:
        conditions.append(tasks.c.created >= condition.created_from)
    if condition.created_to is not None:
        conditions.append(tasks.c.created <= condition.created_to)
    return sa.and_(*conditions)


def to_task(row: sa.Row[tuple[object, ...]]) -> Task:
    """A row of the table, with every column, as a task."""
    values = dict(row._mapping)
    values["action"] = TaskAction(values["action"])
    values["status"] = TaskStatus(values["status"])
    values["phase"] = Phase(values["phase"])
    return Task(**values)
