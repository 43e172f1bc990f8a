"""What a worker writes down about its task beside the task's state."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import sqlalchemy as sa
import structlog

from imageferry.database.connection import Database
from imageferry.engine.progress import ProgressMeter
from imageferry.tasks import notes
from imageferry.tasks.notes import DiskBytes
from imageferry.telemetry.kept_lines import LINES
from imageferry.telemetry.logs import first_line

_log = structlog.get_logger()


class TaskNotes:
    """Writes how far the disks of a task are, and what was said of the task.

    Args:
        task_id: The task.
        meter: What shows how far the disks are.
    """

    def __init__(self, task_id: str, meter: ProgressMeter) -> None:
        self._task_id = task_id
        self._meter = meter
        self._written: Mapping[int, DiskBytes] = {}

    def write(self, connection: sa.Connection) -> None:
        """Write what is new since the last time."""
        disks = self._meter.read_disks()
        changed = {
            position: read
            for position, read in disks.items()
            if self._written.get(position) != read
        }
        notes.record_disks(connection, self._task_id, changed)
        self._written = disks
        write_lines(connection, self._task_id)


def write_lines(connection: sa.Connection, task_id: str) -> None:
    """Write what was said of a task since the last time."""
    notes.append_lines(connection, task_id, [vars(line) for line in LINES.take(task_id)])


@asynccontextmanager
async def lines_written(database: Database, task_id: str) -> AsyncIterator[None]:
    """Keep what is said of a task meanwhile, and write it at the latest at the end.

    Lines are advice: one that cannot be written is no reason to stop.
    """
    with LINES.wanted(task_id):
        try:
            yield
        finally:
            await asyncio.to_thread(_write_last_lines, database, task_id)


def _write_last_lines(database: Database, task_id: str) -> None:
    try:
        with database.write_relaxed() as connection:
            write_lines(connection, task_id)
    except sa.exc.SQLAlchemyError as error:
        _log.warning("task_lines_not_written", task_id=task_id, reason=first_line(error))
