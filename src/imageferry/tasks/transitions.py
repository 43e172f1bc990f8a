"""The one state machine, and the only writer of a task's state.

Every change is one conditional update: it takes place when the task is in a
status that may precede the new one and, for a worker's changes, when the worker
still owns the task. Who comes too late changes nothing and is told so. The
event is appended in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from imageferry.database.metadata import Timestamp, now
from imageferry.tasks import samples
from imageferry.tasks.model import (
    CANCELLED_CODE,
    DEFAULT_PRIORITY,
    UNKNOWN_ORIGIN,
    DiskStatus,
    Origin,
    Phase,
    TaskAction,
    TaskStatus,
    new_id,
)
from imageferry.tasks.tables import task_checkpoints, task_disks, task_events, tasks

MAY_PRECEDE: Mapping[TaskStatus, frozenset[TaskStatus]] = {
    TaskStatus.WAITING: frozenset({TaskStatus.PAUSED}),
    TaskStatus.PROCESSING: frozenset({TaskStatus.WAITING, TaskStatus.PROCESSING}),
    TaskStatus.PAUSED: frozenset({TaskStatus.WAITING, TaskStatus.PROCESSING}),
    TaskStatus.FINISHED: frozenset({TaskStatus.PROCESSING}),
    TaskStatus.FAILED: frozenset({TaskStatus.WAITING, TaskStatus.PROCESSING}),
    TaskStatus.DELETED: frozenset({TaskStatus.WAITING, TaskStatus.PROCESSING, TaskStatus.PAUSED}),
}
"""For each status, those a task may have had before."""

_ALWAYS = sa.true()


def create(
    connection: sa.Connection,
    *,
    account_id: str,
    region_id: str,
    action: TaskAction,
    resource_id: str,
    request: Mapping[str, Any],
    disks: Sequence[Sequence[tuple[str, str]]],
    task_id: str = "",
    priority: int = DEFAULT_PRIORITY,
    origin: Origin = UNKNOWN_ORIGIN,
) -> str:
    """Make a waiting task and return its id.

    Args:
        connection: A write transaction.
        account_id: Whose it is.
        region_id: Where it belongs.
        action: What it does.
        resource_id: The image it makes or exports.
        request: The parameters it was asked for with.
        disks: For each disk the related items that are known beforehand.
        task_id: The id it gets; a new one where empty.
        priority: 1 to 10; the lowest goes first.
        origin: The request that asked for it.
    """
    task_id = task_id or new_id("t")
    connection.execute(
        sa.insert(tasks).values(
            task_id=task_id,
            account_id=account_id,
            region_id=region_id,
            action=action.value,
            status=TaskStatus.WAITING.value,
            resource_id=resource_id,
            request=dict(request),
            created=now(),
            phase=Phase.QUEUED.value,
            queued=True,
            priority=priority,
            percent=0,
            bytes_done=0,
            bytes_total=0,
            bytes_per_second=0,
            attempt=0,
            error_code="",
            error_message="",
            cancel_reason="",
            **vars(origin),
        )
    )
    for position, related_items in enumerate(disks, start=1):
        connection.execute(
            sa.insert(task_disks).values(
                task_id=task_id,
                position=position,
                status=DiskStatus.PROCESSING.value,
                error_code="",
                error_message="",
                related_items=[list(item) for item in related_items],
            )
        )
    _append_event(connection, task_id, "created", action.value)
    return task_id


def claim(connection: sa.Connection, task_id: str, owner: str, hand_over: int = 1) -> bool:
    """Let a worker take the task up, from another one too, and say whether it has it now.

    Taking it from a worker that did not let it go counts as another attempt.

    Args:
        connection: A write transaction.
        task_id: The task.
        owner: The worker's token.
        hand_over: The number of the engine's run that takes it up.
    """
    interrupted = sa.or_(tasks.c.owner.is_not(None), tasks.c.started.is_(None))
    values = {
        "owner": owner,
        "queued": False,
        "attempt": tasks.c.attempt + sa.case((interrupted, 1), else_=0),
        "started": sa.func.coalesce(tasks.c.started, _now_or(tasks.c.created)),
    }
    return _change(
        connection, task_id, TaskStatus.PROCESSING, values, tasks.c.hand_over == hand_over
    )


def let_go(connection: sa.Connection, task_id: str, owner: str) -> None:
    """Note that a worker is done with the task for now."""
    connection.execute(sa.update(tasks).where(_owned(task_id, owner)).values(owner=None))


def finish(connection: sa.Connection, task_id: str, owner: str) -> bool:
    """End a task well. ``False``: it was cancelled or taken away before."""
    values = {"percent": 100, "bytes_done": tasks.c.bytes_total}
    return _end(connection, task_id, TaskStatus.FINISHED, values, owner=owner)


def fail(connection: sa.Connection, task_id: str, code: str, message: str, *, owner: str) -> bool:
    """End a task with the reason why. ``False``: it was cancelled or taken away before."""
    values = {"error_code": code, "error_message": message}
    return _end(
        connection, task_id, TaskStatus.FAILED, values, detail=f"{code}: {message}", owner=owner
    )


def cancel(connection: sa.Connection, task_id: str, who: str, *, reason: str = "") -> bool:
    """End a task because somebody asked to. ``False``: it had ended before.

    Args:
        connection: A write transaction.
        task_id: The task.
        who: Whoever asked, in a sentence.
        reason: Why, in their own words.
    """
    values = {"cancel_reason": reason}
    return _end(connection, task_id, TaskStatus.DELETED, values, detail=who)


def pause(connection: sa.Connection, task_id: str, who: str, *, reason: str = "") -> bool:
    """Keep a task from being carried out. ``False``: it had ended, or was paused before.

    Its worker, where it has one, finds that it is not its own any more, and stops.

    Args:
        connection: A write transaction.
        task_id: The task.
        who: Whoever asked, in a sentence.
        reason: Why, in their own words.
    """
    values = {"owner": None, "bytes_per_second": 0, "pause_reason": reason}
    changed = _change(connection, task_id, TaskStatus.PAUSED, values)
    if changed:
        _append_event(connection, task_id, "paused", f"{who} {reason}".rstrip())
    return changed


def resume(connection: sa.Connection, task_id: str, who: str) -> bool:
    """Let a task wait for a worker again. ``False``: it is not paused."""
    values = {"phase": Phase.QUEUED.value, "pause_reason": ""}
    changed = _change(connection, task_id, TaskStatus.WAITING, values)
    if changed:
        _append_event(connection, task_id, "resumed", who)
    return changed


def record_progress(
    connection: sa.Connection,
    task_id: str,
    owner: str,
    *,
    phase: Phase,
    percent: int,
    bytes_done: int,
    bytes_total: int,
    bytes_per_second: int,
    idle_seconds: float = 0.0,
) -> bool:
    """Note how far a task is. ``False``: its worker does not own it any more.

    The per cent never goes back, and is 99 at the most before the end.

    Args:
        connection: A write transaction.
        task_id: The task.
        owner: The worker's token.
        phase: What the task is doing.
        percent: How far it is as a whole.
        bytes_done: Bytes that it has moved.
        bytes_total: Bytes that there are to move.
        bytes_per_second: The rate over the last seconds.
        idle_seconds: How long ago anything was done last.
    """
    capped = min(max(percent, 0), 99)
    result = connection.execute(
        sa.update(tasks)
        .where(_owned(task_id, owner))
        .values(
            phase=phase.value,
            percent=sa.case((tasks.c.percent > capped, tasks.c.percent), else_=capped),
            bytes_done=bytes_done,
            bytes_total=bytes_total,
            bytes_per_second=bytes_per_second,
            last_progress=now() - timedelta(seconds=idle_seconds),
        )
    )
    if result.rowcount == 1 and bytes_per_second > 0:
        samples.note(connection, task_id, bytes_per_second)
    return result.rowcount == 1


def record_disk(
    connection: sa.Connection,
    task_id: str,
    position: int,
    owner: str,
    *,
    status: DiskStatus,
    related_items: Sequence[tuple[str, str]] = (),
    error_code: str = "",
    error_message: str = "",
) -> bool:
    """Note what came of one disk; a related item replaces an earlier one of its name."""
    if not hold(connection, task_id, owner):
        return False
    which = sa.and_(task_disks.c.task_id == task_id, task_disks.c.position == position)
    before = connection.execute(sa.select(task_disks.c.related_items).where(which)).scalar_one()
    items = dict(before) | dict(related_items)
    connection.execute(
        sa.update(task_disks)
        .where(which)
        .values(
            status=status.value,
            related_items=[list(item) for item in items.items()],
            error_code=error_code,
            error_message=error_message,
        )
    )
    return True


def enter_phase(connection: sa.Connection, task_id: str, owner: str, phase: Phase) -> bool:
    """Say what the task is doing from now on. ``False``: its worker does not own it any more."""
    result = connection.execute(
        sa.update(tasks)
        .where(_owned(task_id, owner))
        .values(
            phase=phase.value,
            bytes_per_second=0,
            last_progress=now(),
        )
    )
    if result.rowcount == 1:
        _append_event(connection, task_id, "phase", phase.value)
    return result.rowcount == 1


def hold(connection: sa.Connection, task_id: str, owner: str) -> bool:
    """Keep others from a task until the transaction's end. ``False``: it is not the worker's."""
    owned = connection.execute(
        sa.select(tasks.c.task_id).where(_owned(task_id, owner)).with_for_update()
    ).one_or_none()
    return owned is not None


def note_continued(connection: sa.Connection, task_id: str, detail: str) -> None:
    """Note that a transfer goes on from where another worker came."""
    _append_event(connection, task_id, "continued", detail)


def _owned(task_id: str, owner: str) -> sa.ColumnElement[bool]:
    return sa.and_(
        tasks.c.task_id == task_id,
        tasks.c.owner == owner,
        tasks.c.status == TaskStatus.PROCESSING.value,
    )


def _end(
    connection: sa.Connection,
    task_id: str,
    status: TaskStatus,
    values: Mapping[str, Any],
    *,
    detail: str = "",
    owner: str | None = None,
) -> bool:
    ending = {
        "finished": _now_or(sa.func.coalesce(tasks.c.started, tasks.c.created)),
        "phase": Phase.ENDED.value,
        "owner": None,
        # What has begun and was paused may have left something that a worker has to take away.
        "queued": sa.and_(tasks.c.queued, tasks.c.started.is_not(None)),
        "bytes_per_second": 0,
        "pause_reason": "",
    }
    owned = _ALWAYS if owner is None else tasks.c.owner == owner
    changed = _change(connection, task_id, status, {**ending, **values}, owned)
    if changed:
        _append_event(connection, task_id, status.value.lower(), detail)
        connection.execute(sa.delete(task_checkpoints).where(task_checkpoints.c.task_id == task_id))
    if changed and status is not TaskStatus.FINISHED:
        _fail_open_disks(connection, task_id, values)
    return changed


def _now_or(earlier: sa.ColumnElement[datetime]) -> sa.ColumnElement[datetime]:
    """Now, or what came before where that is later by a clock that has been set back since."""
    moment = sa.literal(now(), Timestamp)
    return sa.case((earlier > moment, earlier), else_=moment)


def _fail_open_disks(connection: sa.Connection, task_id: str, values: Mapping[str, Any]) -> None:
    connection.execute(
        sa.update(task_disks)
        .where(
            task_disks.c.task_id == task_id,
            task_disks.c.status == DiskStatus.PROCESSING.value,
        )
        .values(
            status=DiskStatus.FAILED.value,
            error_code=values.get("error_code", CANCELLED_CODE),
            error_message=values.get("error_message", "The task was cancelled."),
        )
    )


def _change(
    connection: sa.Connection,
    task_id: str,
    status: TaskStatus,
    values: Mapping[str, Any],
    condition: sa.ColumnElement[bool] = _ALWAYS,
) -> bool:
    before = [precedent.value for precedent in MAY_PRECEDE[status]]
    which = sa.and_(tasks.c.task_id == task_id, tasks.c.status.in_(before), condition)
    result = connection.execute(sa.update(tasks).where(which).values(status=status.value, **values))
    return result.rowcount == 1


def _append_event(connection: sa.Connection, task_id: str, event: str, detail: str) -> None:
    connection.execute(
        sa.insert(task_events).values(task_id=task_id, time=now(), event=event, detail=detail)
    )
