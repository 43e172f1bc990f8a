from __future__ import annotations

import sqlalchemy as sa

from imageferry.tasks.forms import LISTED_TASK, WHOLE_TASK
from imageferry.tasks.model import ListedTask, Task
from imageferry.tasks.tables import tasks
from support.rows import Rows


def test_a_whole_task_has_every_column() -> None:
    assert set(WHOLE_TASK.columns) == set(tasks.columns)


def test_a_listed_task_is_the_whole_one_with_less(rows: Rows) -> None:
    rows.task()
    with rows.database.read() as connection:
        whole = WHOLE_TASK.task(connection.execute(sa.select(*WHOLE_TASK.columns)).one())
        listed = LISTED_TASK.task(connection.execute(sa.select(*LISTED_TASK.columns)).one())

    assert (type(whole), type(listed)) == (Task, ListedTask)
    assert vars(listed).items() <= vars(whole).items()
    assert listed.status is whole.status
