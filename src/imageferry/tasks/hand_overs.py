"""Which run of the engine carries a task out.

A task is handed to the engine when a worker takes it up, and once more after it was resumed when
the engine was done with it. The runs of a task are numbered from 1, and its row has the number of
the one that counts: whatever an earlier run may still do, it cannot take the task up.

A task that is paused is *parked* once its run has stopped. One that is resumed before that is
gone on with by the same run, so there is always exactly one.

A run is of one version of the steps. When no worker of that is left, another run takes its place.
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


def again(connection: sa.Connection, task_id: str) -> None:
    """Let a parked task wait for another run: to go on with it or, if it has ended, to clean up.

    One that is not parked has a run still, which sees what has become of it.
    """
    connection.execute(
        sa.update(tasks)
        .where(tasks.c.task_id == task_id, tasks.c.parked)
        .values(hand_over=tasks.c.hand_over + 1, parked=False, queued=True)
    )


def replace(connection: sa.Connection, task_id: str, hand_over: int) -> None:
    """Let a task wait for another run, in place of one that nobody will go on with.

    Nothing changes where another one has taken that one's place already.
    """
    replaced = sa.and_(tasks.c.task_id == task_id, tasks.c.hand_over == hand_over)
    connection.execute(
        sa.update(tasks).where(replaced).values(hand_over=hand_over + 1, parked=False, queued=True)
    )
