"""Handing tasks to the engine."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from dbos import DBOS, DBOSClient

from imageferry.database.connection import Database
from imageferry.tasks.model import TaskAction

QUEUE = "tasks"

ENGINE_VERSION = "1"
"""What the steps of a task are. Workers of another version leave the task alone, so it changes
only when the steps of tasks that are under way could not be gone on with."""

UNDER_WAY = ["ENQUEUED", "DELAYED", "PENDING"]
"""What the engine calls a task that is not done."""


def prepare(database: Database) -> None:
    """Bring the engine's own tables to the schema that its version knows."""
    DBOS.migrate(database.text_url)


class TaskQueue:
    """Where the actions put tasks.

    Args:
        database: The database that has the tasks and the engine's tables.
    """

    def __init__(self, database: Database) -> None:
        self._client = DBOSClient(system_database_url=database.text_url)

    def enqueue(self, connection: sa.Connection, task_id: str, action: TaskAction) -> None:
        """Hand a task over in the transaction that makes it: both happen, or neither."""
        self._client.enqueue_in_transaction(
            connection,
            {
                "queue_name": QUEUE,
                "workflow_name": action.value,
                "workflow_id": task_id,
                "app_version": ENGINE_VERSION,
            },
            task_id,
        )

    def under_way(self, task_ids: Collection[str]) -> set[str]:
        """Those of the tasks that wait for a worker, or that one has."""
        found = self._client.list_workflows(
            workflow_ids=list(task_ids), status=UNDER_WAY, load_input=False, load_output=False
        )
        return {workflow.workflow_id for workflow in found}

    def forget(self, task_id: str) -> None:
        """Remove what the engine knows of a task; no error where it knows nothing."""
        self._client.delete_workflow(task_id)

    def close(self) -> None:
        """Close the engine's connections."""
        self._client.destroy()
