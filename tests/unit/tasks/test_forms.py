from __future__ import annotations

import sqlalchemy as sa

from imageferry.engine.progress import ProgressMeter, Reading
from imageferry.tasks import hand_overs, transitions, waiting
from imageferry.tasks.forms import LISTED_TASK, WHOLE_TASK
from imageferry.tasks.model import ListedTask, Task
from imageferry.tasks.tables import tasks
from imageferry.tasks.turns import Limits
from support.rows import Rows

OWNER = "older worker"


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


def test_a_task_in_a_phase_that_only_a_newer_version_has_is_read_and_gone_on_with(
    rows: Rows,
) -> None:
    task_id = rows.claimed("newer worker")
    with rows.database.write() as connection:
        connection.execute(sa.update(tasks).values(phase="weigh"))
    rows.change(hand_overs.replace, task_id, 1)

    (taken,) = rows.change(waiting.take, Limits(0, lambda _: 0), 1)

    assert (taken.task_id, taken.phase) == (task_id, "weigh")
    assert taken.phase.value == str(taken.phase) == "weigh"
    assert rows.change(transitions.claim, task_id, OWNER, taken.hand_over)
    meter = ProgressMeter(taken.action, begun=Reading(taken.phase, taken.percent, 0, 0, 0))
    assert rows.change(transitions.record_progress, task_id, OWNER, **vars(meter.read()))
    assert rows.find(task_id).phase == "weigh"
