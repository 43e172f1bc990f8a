"""What the actions have in common that change a task of the caller's."""

from __future__ import annotations

import sqlalchemy as sa

from imageferry.actions import not_found
from imageferry.actions.call import Call
from imageferry.actions.describe_task_attribute import is_own
from imageferry.tasks import queries
from imageferry.tasks.model import Task


def find_own(connection: sa.Connection, call: Call, task_id: str, region_id: str) -> Task:
    """The caller's task of that id in the region.

    Raises:
        ServiceError: ``InvalidTaskId.NotFound``.
    """
    task = queries.find(connection, task_id)
    if task is None or not is_own(call, task, region_id):
        raise not_found.task(task_id, region_id)
    return task


def asked_by(call: Call, participle: str) -> str:
    """Who has asked for a change, as a sentence for the timeline of the task."""
    return f"{participle} by account {call.account_id}, request {call.request_id}."
