"""Gives the tasks of dead workers to the living ones. The engine's library has nothing for it.

Its rows of tasks that are done are taken away here too.
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
import structlog
from dbos import DBOS

from imageferry.database.connection import Database
from imageferry.database.metadata import now
from imageferry.engine import presence
from imageferry.engine.presence import Watch
from imageferry.engine.queue import ENGINE_VERSION, QUEUE
from imageferry.imaging.lease import seconds_since_boot

ROWS_KEPT_FOR = timedelta(hours=1)
"""How long the engine's rows of a task outlive its end: they serve to look into a failure."""

ROWS_A_TIME = 500
"""Rows that are taken away in one transaction, so that none takes long."""

ENDED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]

_BRIEFLY = sa.text(
    "SELECT set_config('idle_in_transaction_session_timeout', '5s', true),"
    " set_config('lock_timeout', '5s', true)"
)
"""Whoever is frozen while he acts must not keep the others from acting."""

_log = structlog.get_logger()


class FailureDetector:
    """Watches the workers of a PostgreSQL, in each of them.

    Args:
        database: Where their rows are.
        timeout: Seconds without a sign of life after which a worker is dead.
    """

    def __init__(self, database: Database, timeout: float) -> None:
        self._database = database
        self._watch = Watch(timeout)

    def look(self) -> list[str]:
        """Look once, and return the tasks that were given to others.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database is out of reach.
        """
        # One at a time: who acted on what was there before another one acted would take a
        # task from the worker that has just begun it.
        with self._database.write_alone("imageferry-failure-detector") as connection:
            connection.execute(_BRIEFLY)
            held = _held()
            dead = self._watch.look(
                presence.beats(connection), set(held.values()), seconds_since_boot()
            )
            if not dead:
                return []
            tasks = sorted(task_id for task_id, executor in held.items() if executor in dead)
            if tasks:
                DBOS.resume_workflows(tasks, queue_name=QUEUE)
            presence.forget(connection, dead)
        _log.warning("workers_died", executors=sorted(dead), tasks=tasks)
        return tasks


def _held() -> dict[str, str]:
    """For each task under way the name of the worker that has it."""
    found = DBOS.list_workflows(
        status="PENDING",
        app_version=ENGINE_VERSION,
        load_input=False,
        load_output=False,
    )
    return {workflow.workflow_id: workflow.executor_id or "" for workflow in found}


def prune() -> int:
    """Take the engine's rows of tasks that ended long ago away, and return how many there were."""
    before = (now() - ROWS_KEPT_FOR).isoformat()
    removed = 0
    while ended := DBOS.list_workflows(
        status=ENDED,
        completed_before=before,
        limit=ROWS_A_TIME,
        load_input=False,
        load_output=False,
    ):
        DBOS.delete_workflows([workflow.workflow_id for workflow in ended])
        removed += len(ended)
    return removed
