from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from imageferry.database.connection import Database
from imageferry.database.metadata import now
from imageferry.engine import queue
from imageferry.engine.queue import TaskQueue
from imageferry.tasks.model import TaskAction
from support.rows import Rows

HOUR = timedelta(hours=1)


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
        rows = connection.execute(
            sa.select(*columns).select_from(table).order_by(columns[1], columns[0])
        )
        return [tuple(row) for row in rows]


def test_a_task_and_its_place_in_the_queue_come_together(rows: Rows, tasks: TaskQueue) -> None:
    with rows.database.write() as connection:
        tasks.enqueue(connection, "t-1", TaskAction.EXPORT_IMAGE, "worker")
        tasks.enqueue(connection, "t-2", TaskAction.IMPORT_IMAGE, "worker")

    assert _enqueued(rows.database) == [
        ("t-1", "ExportImage", "ENQUEUED"),
        ("t-2", "ImportImage", "ENQUEUED"),
    ]


def test_a_transaction_that_fails_enqueues_nothing(rows: Rows, tasks: TaskQueue) -> None:
    def fail(connection: sa.Connection) -> None:
        tasks.enqueue(connection, "t-1", TaskAction.IMPORT_IMAGE, "worker")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), rows.database.write() as connection:
        fail(connection)

    assert _enqueued(rows.database) == []


def test_preparing_again_changes_nothing(rows: Rows, tasks: TaskQueue) -> None:
    with rows.database.write() as connection:
        tasks.enqueue(connection, "t-1", TaskAction.IMPORT_IMAGE, "worker")

    queue.prepare(rows.database)

    assert len(_enqueued(rows.database)) == 1


def test_what_ended_long_ago_is_removed(rows: Rows, tasks: TaskQueue) -> None:
    table = "workflow_status" if rows.database.is_sqlite else "dbos.workflow_status"
    for task_id in ("t-1", "t-2", "t-3"):
        with rows.database.write() as connection:
            tasks.enqueue(connection, task_id, TaskAction.IMPORT_IMAGE, "worker")
    with rows.database.write() as connection:
        for task_id, moment in (("t-1", now() - 2 * HOUR), ("t-2", now())):
            connection.execute(
                sa.text(
                    f"UPDATE {table} SET status = 'SUCCESS', completed_at = :moment"
                    " WHERE workflow_uuid = :task_id"
                ),
                {"moment": int(moment.timestamp() * 1000), "task_id": task_id},
            )

    assert tasks.prune(now() - HOUR) == 1
    assert tasks.prune(now() - HOUR) == 0

    assert [row[0] for row in _enqueued(rows.database)] == ["t-2", "t-3"]


def test_a_worker_finds_its_queue_as_it_was_made_last(database: Database, tasks: TaskQueue) -> None:
    tasks.make("worker", slots=2)
    tasks.make("worker", slots=3)

    table = sa.table(
        "queues",
        *(sa.column(name) for name in ("name", "application_name", "worker_concurrency")),
        schema=None if database.is_sqlite else "dbos",
    )
    with database.read() as connection:
        rows = connection.execute(sa.select(table)).all()
    assert [tuple(row) for row in rows] == [("worker", "imageferry", 3)]
