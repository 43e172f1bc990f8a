"""Handing tasks to the engine."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

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

FAILED = ["ERROR"]
"""What it calls a task of which not even the clean-up could be carried out."""

ENDED = ["SUCCESS", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
"""What it calls a task that is done."""

ROWS_A_TIME = 500
"""Rows that are removed in one transaction, so that none takes long."""

FAILURES_A_TIME = 10
"""Clean-ups that are tried again together: each takes a worker's slot for half a minute."""


def prepare(database: Database) -> None:
    """Bring the engine's own tables to the schema that its version knows."""
    DBOS.migrate(database.text_url)


class TaskQueue:
    """Where the actions put tasks.

    Args:
        database: The database that has the tasks and the engine's tables.
    """

    def __init__(self, database: Database) -> None:
        # Whoever asks while the database is away is told so: waiting is not for the queue.
        self._client = DBOSClient(
            system_database_url=database.text_url, retry_connection_errors=False
        )

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
        return self._ids(workflow_ids=list(task_ids), status=UNDER_WAY)

    def forget(self, task_id: str) -> None:
        """Remove what the engine knows of a task; no error where it knows nothing."""
        self._client.delete_workflow(task_id)

    def held(self) -> Mapping[str, str]:
        """For each task of this engine's version that a worker has, the worker's name."""
        found = self._client.list_workflows(
            status="PENDING", app_version=ENGINE_VERSION, load_input=False, load_output=False
        )
        return {workflow.workflow_id: workflow.executor_id or "" for workflow in found}

    def ended_since(self, moment: datetime) -> set[str]:
        """The tasks that the engine has taken for done since a moment."""
        return self._ids(status=[*ENDED, *FAILED], completed_after=moment.isoformat())

    def failed_before(self, moment: datetime) -> set[str]:
        """Tasks that the engine gave up before a moment: some of many, so that others have room."""
        return self._ids(status=FAILED, completed_before=moment.isoformat(), limit=FAILURES_A_TIME)

    def take_back(self, task_ids: Sequence[str]) -> None:
        """Let other workers go on with tasks that dead ones had."""
        self._client.resume_workflows(list(task_ids), queue_name=QUEUE)

    def prune(self, before: datetime) -> int:
        """Remove what the engine knows of tasks that ended before a moment, and count them."""
        removed = 0
        while ended := self._ids(
            status=ENDED, completed_before=before.isoformat(), limit=ROWS_A_TIME
        ):
            self._client.delete_workflows(sorted(ended))
            removed += len(ended)
        return removed

    def close(self) -> None:
        """Close the engine's connections."""
        self._client.destroy()

    def _ids(self, **which: Any) -> set[str]:
        found = self._client.list_workflows(**which, load_input=False, load_output=False)
        return {workflow.workflow_id for workflow in found}
