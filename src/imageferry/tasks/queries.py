"""Every question that is asked of tasks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa

from imageferry.tasks.forms import WHOLE_TASK
from imageferry.tasks.model import (
    DiskStatus,
    Task,
    TaskAction,
    TaskDisk,
    TaskEvent,
    TaskStatus,
)
from imageferry.tasks.tables import task_disks, task_events, tasks

ACTIVE = (TaskStatus.WAITING.value, TaskStatus.PROCESSING.value)
NOT_ENDED = (*ACTIVE, TaskStatus.PAUSED.value)
ENDED = tuple(status.value for status in TaskStatus if status.ended)

IDS_A_QUERY = 1000
"""Databases take some tens of thousands of parameters at the most."""


def find(connection: sa.Connection, task_id: str) -> Task | None:
    """The task of that id."""
    row = connection.execute(
        sa.select(*WHOLE_TASK.columns).where(tasks.c.task_id == task_id)
    ).one_or_none()
    return None if row is None else WHOLE_TASK.task(row)


def find_all(connection: sa.Connection, task_ids: Collection[str]) -> Sequence[Task]:
    """Those of the tasks that there are."""
    ids = sorted(task_ids)
    return [
        WHOLE_TASK.task(row)
        for start in range(0, len(ids), IDS_A_QUERY)
        for row in connection.execute(
            sa.select(*WHOLE_TASK.columns).where(
                tasks.c.task_id.in_(ids[start : start + IDS_A_QUERY])
            )
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
            bytes_done=row.bytes_done,
            bytes_total=row.bytes_total,
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


def active_of_resource(
    connection: sa.Connection, resource_id: str, action: TaskAction
) -> str | None:
    """The id of a task for that image that has not ended."""
    return connection.execute(
        sa.select(tasks.c.task_id)
        .where(
            tasks.c.resource_id == resource_id,
            tasks.c.status.in_(NOT_ENDED),
            tasks.c.action == action.value,
        )
        .limit(1)
    ).scalar_one_or_none()


def count_active(connection: sa.Connection, account_id: str, action: TaskAction) -> int:
    """How many tasks of an account have not ended."""
    return connection.execute(
        sa.select(sa.func.count()).where(
            tasks.c.account_id == account_id,
            tasks.c.status.in_(NOT_ENDED),
            tasks.c.action == action.value,
        )
    ).scalar_one()


def active(connection: sa.Connection) -> Mapping[str, TaskAction]:
    """All tasks that have not ended, by their ids."""
    rows = connection.execute(
        sa.select(tasks.c.task_id, tasks.c.action).where(tasks.c.status.in_(NOT_ENDED))
    )
    return {row.task_id: TaskAction(row.action) for row in rows}


def handed_over(connection: sa.Connection) -> Sequence[tuple[str, TaskAction, int]]:
    """Tasks that a run of the engine has and that have not ended: their ids, and its number."""
    rows = connection.execute(
        sa.select(tasks.c.task_id, tasks.c.action, tasks.c.hand_over).where(
            tasks.c.status.in_(NOT_ENDED),
            ~tasks.c.queued,
            ~tasks.c.parked,
            tasks.c.finished.is_(None),
        )
    )
    return [(row.task_id, TaskAction(row.action), row.hand_over) for row in rows]


def percents(connection: sa.Connection, task_ids: Sequence[str]) -> dict[str, int]:
    """How far each of the tasks is."""
    rows = connection.execute(
        sa.select(tasks.c.task_id, tasks.c.percent).where(tasks.c.task_id.in_(task_ids))
    )
    return {row.task_id: row.percent for row in rows}
