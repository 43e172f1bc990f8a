"""Gives the tasks of dead workers to the living ones. The engine's library has nothing for it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import sqlalchemy as sa
import structlog

from imageferry.database.connection import Database
from imageferry.engine import presence
from imageferry.engine.presence import Watch
from imageferry.engine.queue import ENGINE_VERSION, TaskQueue
from imageferry.imaging.lease import seconds_since_boot
from imageferry.tasks import waiting
from imageferry.telemetry import metrics

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
        with self._database.write_alone(waiting.LOCK) as connection:
            connection.execute(_BRIEFLY)
            held = self._queue.held()
            dead = self._watch.look(
                presence.beats(connection), set(held.values()), seconds_since_boot()
            )
            slots = {
                worker: count
                for worker, count in presence.slots(connection, ENGINE_VERSION).items()
                if worker not in dead
            }
            if not dead or not slots:
                return []
            tasks = sorted(task_id for task_id, worker in held.items() if worker in dead)
            for worker, given in _share(tasks, slots, Counter(held.values())).items():
                self._queue.take_over(given, worker)
            presence.forget(connection, dead)
            for worker in dead:
                self._queue.drop(worker)
        metrics.WORKERS_DIED.inc(len(dead))
        metrics.TASKS_TAKEN_BACK.inc(len(tasks))
        _log.warning("workers_died", executors=sorted(dead), tasks=tasks)
        return tasks


def _share(
    tasks: Sequence[str], slots: Mapping[str, int], loads: Mapping[str, int]
) -> Mapping[str, Sequence[str]]:
    """Who gets which task: whoever has the most free slots, or the fewest too many."""
    room = {worker: count - loads.get(worker, 0) for worker, count in slots.items()}
    given = defaultdict(list)
    for task in tasks:
        worker = max(sorted(room), key=room.__getitem__)
        room[worker] -= 1
        given[worker].append(task)
    return given
