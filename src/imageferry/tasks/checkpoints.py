"""How far the transfers of tasks have come, so that another worker can go on with them.

What a checkpoint says is for the engine to know. It is gone when its task has ended.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import sqlalchemy as sa

from imageferry.database.upsert import upsert
from imageferry.tasks import transitions
from imageferry.tasks.tables import task_checkpoints


def save(connection: sa.Connection, task_id: str, position: int, owner: str, state: bytes) -> bool:
    """Note how far the transfer of a disk has come. ``False``: its worker does not own the task."""
    if not transitions.hold(connection, task_id, owner):
        return False
    values = {"task_id": task_id, "position": position, "state": state}
    upsert(connection, task_checkpoints, values)
    return True


def of(connection: sa.Connection, task_id: str) -> Mapping[int, bytes]:
    """The last checkpoint of each disk of a task."""
    columns = task_checkpoints.c.position, task_checkpoints.c.state
    found = connection.execute(sa.select(*columns).where(task_checkpoints.c.task_id == task_id))
    return {row.position: row.state for row in found}


def forget(connection: sa.Connection, task_id: str, positions: Collection[int]) -> None:
    """Forget the checkpoints of some disks of a task."""
    which = task_checkpoints.c.position.in_(positions)
    connection.execute(
        sa.delete(task_checkpoints).where(task_checkpoints.c.task_id == task_id, which)
    )
