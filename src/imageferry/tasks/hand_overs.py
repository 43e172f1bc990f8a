"""Which run of the engine carries a task out.

A task is handed to the engine when it is made, and once more when it is resumed after the
engine was done with it. The runs of a task are numbered from 1, and its row has the number of
the one that counts: whatever an earlier run may still do, it cannot take the task up.

A task that is paused is *parked* once its run has stopped. One that is resumed before that is
gone on with by the same run, so there is always exactly one.
"""

from __future__ import annotations

import sqlalchemy as sa

from imageferry.tasks.model import TaskStatus
from imageferry.tasks.tables import tasks


def stand_down(connection: sa.Connection, task_id: str, hand_over: int) -> bool:
    """Say that a run of the engine stops, and whether it has to go on instead.

    Args:
        connection: A write transaction.
        task_id: The task.
        hand_over: The number of the run.

    Returns:
        Whether the task was paused and has been resumed: nobody else will go on with it.
    """
    mine = sa.and_(tasks.c.task_id == task_id, tasks.c.hand_over == hand_over, ~tasks.c.parked)
    status = connection.execute(
        sa.select(tasks.c.status).where(mine).with_for_update()
    ).scalar_one_or_none()
    if status == TaskStatus.PAUSED.value:
        connection.execute(sa.update(tasks).where(mine).values(parked=True))
    return bool(status == TaskStatus.WAITING.value)


def again(connection: sa.Connection, task_id: str) -> int:
    """Begin another run of a task, and return its number."""
    connection.execute(
        sa.update(tasks)
        .where(tasks.c.task_id == task_id)
        .values(hand_over=tasks.c.hand_over + 1, parked=False)
    )
    number: int = connection.execute(
        sa.select(tasks.c.hand_over).where(tasks.c.task_id == task_id)
    ).scalar_one()
    return number
