"""Takes tasks up: a worker that has a free slot gets the next task out of the line.

The task leaves the line and enters the worker's queue of the engine in one transaction, so it is
always in one of them. Whoever chooses is alone meanwhile, so that no limit is overshot.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack

from imageferry.database.connection import Database
from imageferry.engine import lag
from imageferry.engine.queue import POLL_SECONDS, TaskQueue
from imageferry.engine.repetition import Repetition, repeating
from imageferry.engine.runs import run_id
from imageferry.settings import Settings
from imageferry.tasks import waiting
from imageferry.tasks.turns import Limits

LOOK_SECONDS = 0.1
"""How often a worker looks whether a task waits, below what a user notices."""

AGAIN_SECONDS = 1.0
"""How long it waits when that could not be said."""


class Uptake:
    """What a worker takes its tasks up with.

    Args:
        database: Where the tasks are.
        queue: The engine's queues.
        worker: The worker's name.
        settings: How the service is set up.
    """

    def __init__(
        self, database: Database, queue: TaskQueue, worker: str, settings: Settings
    ) -> None:
        self._database = database
        self._queue = queue
        self._worker = worker
        self._slots = settings.worker_slots
        self._limits = Limits.of(settings)

    def look(self) -> Sequence[str]:
        """Take up as many tasks as there are free slots, and return their ids.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database is out of reach.
        """
        if not self._has_to():
            return []
        with ExitStack() as failed:
            with self._database.write_alone(waiting.LOCK) as connection:
                taken = waiting.take(connection, self._limits, self._room())
                for task in taken:
                    run = run_id(task.task_id, task.hand_over)
                    # Before it can have begun, which is as soon as the transaction has ended.
                    lag.HAND_OVER.expect(POLL_SECONDS, run)
                    failed.callback(lag.HAND_OVER.came, run)
                    self._queue.enqueue(
                        connection, task.task_id, task.action, self._worker, task.hand_over
                    )
            failed.pop_all()
        return [task.task_id for task in taken]

    def _has_to(self) -> bool:
        """Whether there is a task for this worker, as far as a look tells that keeps nobody away.

        What costs least comes first: most of the time there is none, or no slot for it.
        """
        with self._database.read() as connection:
            if waiting.is_empty(connection):
                return False
        if not self._room():
            return False
        with self._database.read() as connection:
            return waiting.is_any(connection, self._limits)

    def _room(self) -> int:
        return max(0, self._slots - self._queue.load(self._worker))


def taking_up(uptake: Uptake) -> AbstractContextManager[None]:
    """Take up tasks meanwhile."""
    looks = Repetition(
        work=uptake.look,
        every=LOOK_SECONDS,
        after_failure=AGAIN_SECONDS,
        lag=lag.UPTAKE,
        failure="tasks_not_taken_up",
    )
    return repeating(looks)
