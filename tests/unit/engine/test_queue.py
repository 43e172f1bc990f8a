from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from imageferry.database.connection import Database
from imageferry.engine import queue
from imageferry.engine.queue import TaskQueue
from imageferry.tasks.model import TaskAction
from support.rows import Rows


@pytest.fixture
def tasks(database: Database) -> Iterator[TaskQueue]:
    queue.prepare(database)
    tasks = TaskQueue(database)
    yield tasks
    tasks.close()


def _enqueued(database: Database) -> list[tuple[str, str, str]]:
    columns = [sa.column(name, sa.Text) for name in ("workflow_uuid", "name", "status")]
    table = sa.table("workflow_status", schema=None if database.is_sqlite else "dbos")
    with database.read() as connection:
        rows = connection.execute(sa.select(*columns).select_from(table).order_by(columns[1]))
        return [tuple(row) for row in rows]


def test_a_task_and_its_place_in_the_queue_come_together(rows: Rows, tasks: TaskQueue) -> None:
    with rows.database.write() as connection:
        tasks.enqueue(connection, "t-1", TaskAction.EXPORT_IMAGE)
        tasks.enqueue(connection, "t-2", TaskAction.IMPORT_IMAGE)

    assert _enqueued(rows.database) == [
        ("t-1", "ExportImage", "ENQUEUED"),
        ("t-2", "ImportImage", "ENQUEUED"),
    ]


def test_a_transaction_that_fails_enqueues_nothing(rows: Rows, tasks: TaskQueue) -> None:
    def fail(connection: sa.Connection) -> None:
        tasks.enqueue(connection, "t-1", TaskAction.IMPORT_IMAGE)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), rows.database.write() as connection:
        fail(connection)

    assert _enqueued(rows.database) == []


def test_preparing_again_changes_nothing(rows: Rows, tasks: TaskQueue) -> None:
    with rows.database.write() as connection:
        tasks.enqueue(connection, "t-1", TaskAction.IMPORT_IMAGE)

    queue.prepare(rows.database)

    assert len(_enqueued(rows.database)) == 1
