"""Tasks that the engine has let go and that are not done: nobody would ever go on with them.

A task leaves the line and is given to the engine in one transaction, so there are none unless the
database went away while the engine noted what came of a task, or somebody has removed rows by
hand, or put an older copy of some tables back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from imageferry.database.connection import Database
from imageferry.engine.queue import TaskQueue
from imageferry.engine.runs import hand_over_of, run_id, task_of
from imageferry.tasks import hand_overs, queries
from imageferry.tasks.model import Task, TaskAction

IDS_A_QUERY = 1000
"""Databases take some tens of thousands of parameters at the most."""


def find(database: Database, queue: TaskQueue) -> Mapping[str, TaskAction]:
    """All tasks that are to be carried out, and neither wait nor have a worker, by their ids.

    Tasks are read before the queue is, and once more after it: what ends meanwhile is not stuck.
    """
    before = _runs(database)
    runs = sorted(before)
    under_way: set[str] = set()
    for start in range(0, len(runs), IDS_A_QUERY):
        under_way |= queue.under_way(runs[start : start + IDS_A_QUERY])
    after = _runs(database)
    return {
        task_of(run): action
        for run, action in before.items()
        if run not in under_way and run in after
    }


def find_among(database: Database, runs: Collection[str]) -> Mapping[str, TaskAction]:
    """Tasks that one of the runs has to carry out. The engine takes all of these for done."""
    return {
        task.task_id: task.action
        for task in _tasks(database, runs)
        if not (task.status.ended or task.queued or task.parked)
    }


def find_uncleaned(
    database: Database, queue: TaskQueue, before: datetime
) -> Mapping[str, TaskAction]:
    """Tasks that have ended, and of which not all could be taken away that they left.

    Args:
        database: Where the tasks are.
        queue: What knows what the engine says.
        before: Only those that were tried to be cleaned up after before it.
    """
    found = _tasks(database, queue.failed_before(before))
    return {task.task_id: task.action for task in found if task.status.ended}


def forget_finally(database: Database, queue: TaskQueue, before: datetime) -> None:
    """Have the engine forget runs that it gave up before a moment, where nothing is left to do.

    Their task is forgotten, or another run goes on with it. They would keep those away of which
    something is left to do: only some are looked at together.
    """
    failed = queue.failed_before(before)
    for run in failed - {_run(task) for task in _tasks(database, failed)}:
        queue.forget(run)


def repair(database: Database, queue: TaskQueue, stuck: Mapping[str, TaskAction]) -> None:
    """Let the tasks be carried out from their first step on: each step sees what is there."""
    with database.read() as connection:
        found = queries.find_all(connection, stuck)
    begin_anew(database, queue, [_run(task) for task in found])


def begin_anew(database: Database, queue: TaskQueue, runs: Collection[str]) -> None:
    """Let tasks be carried out from their first step on, in place of runs of the engine.

    For runs that the engine has lost, or that are of another version of the steps. Whoever may
    still be at work in one of them cannot take the task up again.
    """
    for run in runs:
        with database.write() as connection:
            hand_overs.replace(connection, task_of(run), hand_over_of(run))
        queue.forget(run)


def _runs(database: Database) -> Mapping[str, TaskAction]:
    """The runs that carry tasks out, or are about to."""
    with database.read() as connection:
        found = queries.handed_over(connection)
    return {run_id(task_id, hand_over): action for task_id, action, hand_over in found}


def _tasks(database: Database, runs: Collection[str]) -> Sequence[Task]:
    """The tasks of which one of the runs is the latest."""
    with database.read() as connection:
        found = queries.find_all(connection, {task_of(run) for run in runs})
    return [task for task in found if _run(task) in runs]


def _run(task: Task) -> str:
    return run_id(task.task_id, task.hand_over)
