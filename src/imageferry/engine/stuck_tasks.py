"""Tasks that the engine has let go and that are not done: nobody would ever go on with them.

A task and its place in the queue are made in one transaction, so there are none unless the
database went away while the engine noted what came of a task, or somebody has removed rows by
hand, or put an older copy of some tables back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from imageferry.database.connection import Database
from imageferry.engine.queue import TaskQueue
from imageferry.tasks import queries
from imageferry.tasks.model import TaskAction

IDS_A_QUERY = 1000
"""Databases take some tens of thousands of parameters at the most."""


def find(database: Database, queue: TaskQueue) -> Mapping[str, TaskAction]:
    """All tasks that are to be carried out, and are not in the queue, by their ids.

    Tasks are read before the queue is, and once more after it: what ends meanwhile is not stuck.
    """
    before = _active(database)
    ids = sorted(before)
    under_way: set[str] = set()
    for start in range(0, len(ids), IDS_A_QUERY):
        under_way |= queue.under_way(ids[start : start + IDS_A_QUERY])
    after = _active(database)
    return {
        task_id: action
        for task_id, action in before.items()
        if task_id not in under_way and task_id in after
    }


def find_among(database: Database, task_ids: Collection[str]) -> Mapping[str, TaskAction]:
    """Those of the tasks that are to be carried out. The engine takes all of them for done."""
    with database.read() as connection:
        found = queries.find_all(connection, task_ids)
    return {task.task_id: task.action for task in found if task.status.value in queries.ACTIVE}


def find_uncleaned(
    database: Database, queue: TaskQueue, before: datetime
) -> Mapping[str, TaskAction]:
    """Tasks that have ended, and of which not all could be taken away that they left.

    Args:
        database: Where the tasks are.
        queue: What knows what the engine says.
        before: Only those that were tried to be cleaned up after before it.
    """
    with database.read() as connection:
        found = queries.find_all(connection, queue.failed_before(before))
    return {task.task_id: task.action for task in found if task.status.ended}


def repair(database: Database, queue: TaskQueue, stuck: Mapping[str, TaskAction]) -> None:
    """Let the tasks be carried out from their first step on: each step sees what is there."""
    for task_id, action in stuck.items():
        queue.forget(task_id)
        with database.write() as connection:
            queue.enqueue(connection, task_id, action)


def _active(database: Database) -> Mapping[str, TaskAction]:
    with database.read() as connection:
        return queries.active(connection)
