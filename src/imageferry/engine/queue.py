"""Handing tasks to the engine.

Each worker has a queue of its own in the engine, and takes as many tasks as it has slots. What
waits for a worker waits in the tasks' own table: see ``uptake``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, WorkflowStatus

from imageferry.database.connection import Database
from imageferry.engine.runs import run_id
from imageferry.tasks.model import TaskAction

ENGINE_VERSION = "1"
"""What the steps of a task are. Workers of another version leave the task alone while there is one
of this, and begin it anew by their own steps when there is none. So it changes only when the steps
of tasks that are under way could not be gone on with."""

APPLICATION = "imageferry"
"""Whose the queues are, as the engine calls it."""

POLL_SECONDS = 0.25
"""How often a worker's own queue is looked at, below what a user notices. Each look takes the
engine 3 ms of processor time: at 0.1 s that was two thirds of what a worker without a task used."""

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


@dataclass(frozen=True)
class Holder:
    """Who has a task.

    Attributes:
        worker: The worker's name.
        version: The version of the steps by which the task is carried out.
    """

    worker: str
    version: str


class TaskQueue:
    """The engine's queues.

    Args:
        database: The database that has the tasks and the engine's tables.
    """

    def __init__(self, database: Database) -> None:
        # Whoever asks while the database is away is told so: waiting is not for the queue.
        self._client = DBOSClient(
            system_database_url=database.text_url, retry_connection_errors=False
        )

    def make(self, worker: str, slots: int) -> None:
        """Make the queue of a worker, or change it.

        Args:
            worker: Its name. It is not at work yet: a queue that is made under the engine's
                eyes is seen by it a second later only.
            slots: How many tasks it carries out at once.
        """
        self._client.register_queue(
            worker,
            worker_concurrency=slots,
            polling_interval_sec=POLL_SECONDS,
            application_name=APPLICATION,
        )

    def enqueue(
        self,
        connection: sa.Connection,
        task_id: str,
        action: TaskAction,
        worker: str,
        hand_over: int = 1,
    ) -> None:
        """Give a task to a worker in the transaction that notes it: both happen, or neither."""
        self._client.enqueue_in_transaction(
            connection,
            {
                "queue_name": worker,
                "workflow_name": action.value,
                "workflow_id": run_id(task_id, hand_over),
                "app_version": ENGINE_VERSION,
            },
            task_id,
            hand_over,
        )

    def under_way(self, runs: Collection[str]) -> set[str]:
        """Those of the runs that a worker has."""
        return self._ids(workflow_ids=list(runs), status=UNDER_WAY)

    def forget(self, run: str) -> None:
        """Remove what the engine knows of a run; no error where it knows nothing."""
        self._client.delete_workflow(run)

    def held(self) -> Mapping[str, Holder]:
        """Who has each run that is not done, by whatever version of the steps."""
        found = self._client.list_workflows(status=UNDER_WAY, load_input=False, load_output=False)
        return {
            workflow.workflow_id: Holder(_worker(workflow), workflow.app_version or "")
            for workflow in found
        }

    def begun_by(self, worker: str) -> set[str]:
        """The tasks that the engine takes a worker to have begun."""
        return self._ids(status="PENDING", executor_id=worker, app_version=ENGINE_VERSION)

    def ended_since(self, moment: datetime) -> set[str]:
        """The tasks that the engine has taken for done since a moment."""
        return self._ids(status=[*ENDED, *FAILED], completed_after=moment.isoformat())

    def failed_before(self, moment: datetime) -> set[str]:
        """Tasks that the engine gave up before a moment: some of many, so that others have room."""
        return self._ids(status=FAILED, completed_before=moment.isoformat(), limit=FAILURES_A_TIME)

    def load(self, worker: str) -> int:
        """How many tasks a worker has, begun or not."""
        return len(self._ids(status=UNDER_WAY, queue_name=worker))

    def take_over(self, task_ids: Sequence[str], worker: str) -> None:
        """Let a worker go on with tasks that another one had, or that it has lost itself."""
        self._client.resume_workflows(list(task_ids), queue_name=worker)

    def drop(self, worker: str) -> None:
        """Remove the queue of a worker that has no task any more, and never will."""
        self._client.delete_queue(worker)

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


def _worker(workflow: WorkflowStatus) -> str:
    """Whoever has a task: what has not begun has nobody but its queue to tell."""
    executor = workflow.executor_id if workflow.status == "PENDING" else workflow.queue_name
    return executor or ""
