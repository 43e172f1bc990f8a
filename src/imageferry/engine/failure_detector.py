"""Gives the tasks of dead workers to the living ones. The engine's library has nothing for it.

A task goes on with workers that have the version of the steps by which it was begun. Where there
is none any more, the others begin it anew by their own steps.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import sqlalchemy as sa
import structlog

from imageferry.database.connection import Database
from imageferry.engine import presence, stuck_tasks
from imageferry.engine.presence import Member, Watch
from imageferry.engine.queue import ENGINE_VERSION, Holder, TaskQueue
from imageferry.imaging.lease import seconds_since_boot
from imageferry.tasks import waiting
from imageferry.telemetry import metrics

LOCK_MILLISECONDS = 5_000
"""How long a worker waits for another one that acts; then it looks again later."""

_BRIEFLY = sa.text("SELECT set_config('lock_timeout', :milliseconds, true)")

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
        with self._database.write() as connection:
            connection.execute(_BRIEFLY, {"milliseconds": str(LOCK_MILLISECONDS)})
            self._database.be_alone(connection, waiting.LOCK)
            held, members = self._queue.held(), presence.members(connection)
            dead = self._watch.look(
                presence.beats(connection), _holders(held, members), seconds_since_boot()
            )
            living = {name: member for name, member in members.items() if name not in dead}
            slots = _of_this_version(living)
            if not dead or not slots:
                return []
            left = {run: holder for run, holder in held.items() if holder.worker in dead}
            tasks = self._give(left, slots, Counter(holder.worker for holder in held.values()))
            tasks += self._begin_anew(left, living)
            presence.forget(connection, dead)
            for worker in dead:
                self._queue.drop(worker)
        metrics.WORKERS_DIED.inc(len(dead))
        metrics.TASKS_TAKEN_BACK.inc(len(tasks))
        _log.warning("workers_died", executors=sorted(dead), tasks=tasks)
        return tasks

    def _give(
        self, left: Mapping[str, Holder], slots: Mapping[str, int], loads: Mapping[str, int]
    ) -> list[str]:
        """Let workers of this version go on with what dead ones have left."""
        tasks = sorted(run for run, holder in left.items() if holder.version == ENGINE_VERSION)
        for worker, given in _share(tasks, slots, loads).items():
            self._queue.take_over(given, worker)
        return tasks

    def _begin_anew(self, left: Mapping[str, Holder], living: Mapping[str, Member]) -> list[str]:
        """Let anybody begin anew what the last worker of another version has left."""
        versions = {member.engine_version for member in living.values()}
        tasks = sorted(run for run, holder in left.items() if holder.version not in versions)
        stuck_tasks.begin_anew(self._database, self._queue, tasks)
        return tasks


def _holders(held: Mapping[str, Holder], members: Mapping[str, Member]) -> set[str]:
    """Who has tasks, but for those that workers of another version see to."""
    others = {member.engine_version for member in members.values()} - {ENGINE_VERSION}
    return {holder.worker for holder in held.values() if holder.version not in others}


def _of_this_version(members: Mapping[str, Member]) -> Mapping[str, int]:
    """The slots of those workers that have this version of the steps."""
    return {
        name: member.slots
        for name, member in members.items()
        if member.engine_version == ENGINE_VERSION
    }


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
