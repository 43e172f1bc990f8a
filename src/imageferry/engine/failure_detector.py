"""Gives the tasks of dead workers to the living ones. The engine's library has nothing for it."""

from __future__ import annotations

import sqlalchemy as sa
import structlog

from imageferry.database.connection import Database
from imageferry.engine import presence
from imageferry.engine.presence import Watch
from imageferry.engine.queue import TaskQueue
from imageferry.imaging.lease import seconds_since_boot

_BRIEFLY = sa.text("SELECT set_config('lock_timeout', '5s', true)")
"""Whoever has to wait for another one that acts looks again later."""

_log = structlog.get_logger()


class FailureDetector:
    """Watches the workers of a PostgreSQL, in each of them.

    Args:
        database: Where their rows are.
        queue: What knows which worker has which task.
        timeout: Seconds without a sign of life after which a worker is dead.
    """

    def __init__(self, database: Database, queue: TaskQueue, timeout: float) -> None:
        self._database = database
        self._queue = queue
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
            held = self._queue.held()
            dead = self._watch.look(
                presence.beats(connection), set(held.values()), seconds_since_boot()
            )
            if not dead:
                return []
            tasks = sorted(task_id for task_id, executor in held.items() if executor in dead)
            if tasks:
                self._queue.take_back(tasks)
            presence.forget(connection, dead)
        _log.warning("workers_died", executors=sorted(dead), tasks=tasks)
        return tasks
