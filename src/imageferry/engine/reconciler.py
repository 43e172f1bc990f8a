"""Sets tasks going again that the engine has lost.

The engine writes down whom it gives a task to, and what came of it, in a database that may go
away in that very moment. Then a task may be noted as given to a worker that never heard of it,
as done while it is not, or as failed when all that failed was to take its leavings away.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Container, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path

import structlog

from imageferry.database.connection import Database
from imageferry.database.metadata import now
from imageferry.engine import lag, leftovers, stuck_tasks
from imageferry.engine.queue import TaskQueue
from imageferry.engine.repetition import Repetition, repeating

LOOK_SECONDS = 20.0
"""How often a worker looks. What is wrong has to be seen twice: it might have been about to end."""

LOOK_BACK = timedelta(minutes=10)
"""How long ago a task was done by the engine that is looked at."""

CLEAN_UP_AGAIN = timedelta(minutes=5)
"""How long after a failed clean-up the next one comes: the store may be away for long."""

_log = structlog.get_logger()


class Running:
    """The tasks that this process carries out. Safe in threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._times: Counter[str] = Counter()

    @contextmanager
    def carried_out(self, task_id: str) -> Iterator[None]:
        """Note that a task is carried out meanwhile."""
        with self._lock:
            self._times[task_id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._times[task_id] -= 1
                self._times += Counter()

    def __bool__(self) -> bool:
        with self._lock:
            return bool(self._times)

    def __contains__(self, task_id: object) -> bool:
        with self._lock:
            return task_id in self._times


class Reconciler:
    """Compares what the engine says with what is so, in each worker.

    Args:
        database: Where the tasks are.
        queue: What knows what the engine says.
        executor: This worker's name.
        running: What this worker does.
        scratch: The folder that has a folder for every worker of this data folder.
    """

    def __init__(
        self,
        database: Database,
        queue: TaskQueue,
        executor: str,
        running: Container[str],
        scratch: Path,
    ) -> None:
        self._database = database
        self._queue = queue
        self._executor = executor
        self._running = running
        self._scratch = scratch
        self._abandoned: set[str] = set()
        self._stuck: set[str] = set()

    def look(self) -> set[str]:
        """Look once, and return the tasks that were set going again.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database is out of reach.
        """
        leftovers.remove_scratch(self._database, self._scratch)
        return self._take_back_abandoned() | self._repair_stuck() | self._clean_up_again()

    def _take_back_abandoned(self) -> set[str]:
        """Begin again what the engine takes this worker to have, and it has not."""
        begun = self._queue.begun_by(self._executor)
        seen = {task_id for task_id in begun if task_id not in self._running}
        found, self._abandoned = seen & self._abandoned, seen
        if found:
            self._queue.take_over(sorted(found), self._executor)
            _log.warning("tasks_taken_back", tasks=sorted(found))
        return found

    def _repair_stuck(self) -> set[str]:
        """Begin tasks again that the engine takes for done, and that are not."""
        seen = stuck_tasks.find_among(self._database, self._queue.ended_since(now() - LOOK_BACK))
        found = {task_id: seen[task_id] for task_id in seen.keys() & self._stuck}
        self._stuck = set(seen)
        if found:
            stuck_tasks.repair(self._database, self._queue, found)
            _log.warning("tasks_begun_again", tasks=sorted(found))
        return set(found)

    def _clean_up_again(self) -> set[str]:
        """Take away what a task has left and could not be taken away before."""
        before = now() - CLEAN_UP_AGAIN
        found = stuck_tasks.find_uncleaned(self._database, self._queue, before)
        stuck_tasks.forget_finally(self._database, self._queue, before)
        if found:
            stuck_tasks.repair(self._database, self._queue, found)
            _log.info("tasks_cleaned_up_again", tasks=sorted(found))
        return set(found)


def reconciling(reconciler: Reconciler) -> AbstractContextManager[None]:
    """Look again and again meanwhile."""
    looks = Repetition(
        work=reconciler.look,
        every=LOOK_SECONDS,
        after_failure=LOOK_SECONDS,
        lag=lag.RECONCILER,
        failure="tasks_not_reconciled",
    )
    return repeating(looks, patience=LOOK_SECONDS)
