"""The tasks of accounts as the console shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from imageferry.console import interface
from imageferry.console.interface import TaskDetails, TaskFilter, TaskPage, Window
from imageferry.database.connection import Database
from imageferry.database.metadata import now
from imageferry.engine import presence
from imageferry.images import names
from imageferry.settings import Settings
from imageferry.tasks import board, notes, queries, samples, waiting
from imageferry.tasks.board import BoardFilter
from imageferry.tasks.model import Task
from imageferry.tasks.turns import Limits
from imageferry.tasks.waiting import Place

MAX_FOUND_IMAGES = 500
"""How many images a search by name looks for the tasks of."""

MAX_SHOWN_LINES = 200
"""How many lines of a task's log are shown: the latest."""


class ConsoleTasks:
    """The tasks in a database.

    Args:
        database: The database.
        settings: How many tasks may run, and how long a worker may be silent.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._limits = Limits.of(settings)
        self._silent_for = timedelta(seconds=settings.worker_timeout_seconds)

    def page(self, account_id: str, condition: TaskFilter, window: Window) -> TaskPage:
        """A part of the list of an account's tasks."""
        with self._database.read() as connection:
            which = _which(connection, account_id, condition)
            found = board.newest(
                connection,
                which,
                before=window.before,
                after=window.after,
                size=window.size + 1,
            )
            is_cut = len(found) > window.size
            if window.after is None:
                shown, has_older = found[: window.size], is_cut
                has_newer = window.before is not None and _is_newer(connection, which, shown)
            else:
                shown, has_newer = found[-window.size :], is_cut
                has_older = _is_older(connection, which, shown)
            return TaskPage(_tasks(connection, shown, self._limits), has_newer, has_older)

    def count(self, account_id: str, condition: TaskFilter) -> int:
        """How many tasks of an account are meant."""
        with self._database.read() as connection:
            return board.count(connection, _which(connection, account_id, condition))

    def find(self, account_id: str, task_id: str) -> TaskDetails | None:
        """All that is known of a task, if the account has it."""
        with self._database.read() as connection:
            task = queries.find(connection, task_id)
            if task is None or task.account_id != account_id or not task.action.told:
                return None
            return TaskDetails(
                _tasks(connection, [task], self._limits)[0],
                self._limits.share(account_id),
                _disks(connection, task_id),
                [
                    interface.Event(event.time, event.event, event.detail)
                    for event in queries.events(connection, task_id)
                ],
                [
                    interface.Sample(sample.time, sample.bytes_per_second)
                    for sample in samples.of(connection, task_id)
                ],
                [
                    interface.Line(**vars(line))
                    for line in notes.lines(connection, task_id, MAX_SHOWN_LINES)
                ],
            )

    def has_workers(self) -> bool:
        """Whether any worker gives signs of life: SQLite's one worker gives none to others."""
        if self._database.is_sqlite:
            return True
        with self._database.read() as connection:
            return presence.count_since(connection, now() - self._silent_for) > 0


def _which(connection: sa.Connection, account_id: str, condition: TaskFilter) -> BoardFilter:
    which = BoardFilter(account_id=account_id, **vars(condition))
    if not condition.search:
        return which
    found = names.search(connection, account_id, condition.search, limit=MAX_FOUND_IMAGES)
    return replace(which, found_images=found)


def _is_newer(connection: sa.Connection, which: BoardFilter, shown: Sequence[Task]) -> bool:
    """Whether there are tasks above those that are shown."""
    if not shown:
        return False
    return bool(board.newest(connection, which, after=shown[0].sequence, size=1))


def _is_older(connection: sa.Connection, which: BoardFilter, shown: Sequence[Task]) -> bool:
    """Whether there are tasks below those that are shown."""
    if not shown:
        return False
    return bool(board.newest(connection, which, before=shown[-1].sequence, size=1))


def _tasks(
    connection: sa.Connection, tasks: Sequence[Task], limits: Limits
) -> Sequence[interface.Task]:
    images = names.of_images(connection, {task.resource_id for task in tasks})
    places = waiting.places(connection, tasks, limits)
    return [
        interface.Task(
            sequence=task.sequence,
            task_id=task.task_id,
            region_id=task.region_id,
            action=task.action.value,
            status=task.status.value,
            resource_id=task.resource_id,
            name=images.get(task.resource_id) or str(task.request.get("ImageName", "")),
            created=task.created,
            finished=task.finished,
            phase=task.phase.value,
            percent=task.percent,
            bytes_done=task.bytes_done,
            bytes_total=task.bytes_total,
            bytes_per_second=task.bytes_per_second,
            place=_number(places.get(task.task_id)),
            waiting_for=_reason(places.get(task.task_id)),
            priority=task.priority,
            attempt=task.attempt,
            error_code=task.error_code,
            error_message=task.error_message,
            cancel_reason=task.cancel_reason,
            pause_reason=task.pause_reason,
            moved=_to_minute(task.last_progress),
            request=task.request,
        )
        for task in tasks
    ]


def _number(place: Place | None) -> int:
    return 0 if place is None else place.number


def _reason(place: Place | None) -> str:
    return "" if place is None else place.waiting_for.value


def _to_minute(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(second=0, microsecond=0)


def _disks(connection: sa.Connection, task_id: str) -> Sequence[interface.Disk]:
    return [
        interface.Disk(
            disk.position,
            disk.status.value,
            disk.error_code,
            disk.error_message,
            disk.related_items,
            disk.bytes_done,
            disk.bytes_total,
        )
        for disk in queries.disks(connection, task_id)
    ]
