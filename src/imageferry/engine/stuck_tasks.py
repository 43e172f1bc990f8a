"""Tasks that the engine does not know, or takes for done: nobody would ever carry them out.

A task and its place in the queue are made in one transaction, so there are none unless
somebody has removed rows by hand, or put an older copy of some tables back.
"""

from __future__ import annotations

from collections.abc import Mapping

from imageferry.database.connection import Database
from imageferry.engine.queue import TaskQueue
from imageferry.tasks import queries
from imageferry.tasks.model import TaskAction

IDS_A_QUERY = 1000
"""Databases take some tens of thousands of parameters at the most."""


def find(database: Database, queue: TaskQueue) -> Mapping[str, TaskAction]:
    """The stuck tasks, by their ids.

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


def repair(database: Database, queue: TaskQueue, stuck: Mapping[str, TaskAction]) -> None:
    """Let the tasks be carried out from their first step on: each step sees what is there."""
    for task_id, action in stuck.items():
        queue.forget(task_id)
        with database.write() as connection:
            queue.enqueue(connection, task_id, action)


def _active(database: Database) -> Mapping[str, TaskAction]:
    with database.read() as connection:
        return queries.active(connection)
