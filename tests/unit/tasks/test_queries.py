from __future__ import annotations

import pytest

from imageferry.tasks import queries, transitions
from imageferry.tasks.model import TaskAction
from support.rows import Rows


@pytest.mark.parametrize("ended", [False, True])
def test_active_tasks(rows: Rows, ended: bool) -> None:
    waiting, running = rows.task(resource_id="m-1"), rows.claimed(resource_id="m-2")
    for task_id in (waiting, running) if ended else ():
        rows.change(transitions.cancel, task_id, "")

    with rows.database.read() as connection:
        ids = set(queries.active(connection))
        count = queries.count_active(connection, rows.account, TaskAction.IMPORT_IMAGE)
        exports = queries.count_active(connection, rows.account, TaskAction.EXPORT_IMAGE)
        found = [
            queries.active_of_resource(connection, image, action)
            for image in ("m-1", "m-2")
            for action in (TaskAction.IMPORT_IMAGE, TaskAction.EXPORT_IMAGE)
        ]

    if ended:
        assert (ids, count, exports, found) == (set(), 0, 0, [None] * 4)
    else:
        assert (ids, count, exports) == ({waiting, running}, 2, 0)
        assert found == [waiting, None, running, None]


def test_the_percents_of_several_tasks(rows: Rows) -> None:
    first, second = rows.task(), rows.task()

    with rows.database.read() as connection:
        assert queries.percents(connection, [first, second, "t-unknown"]) == {first: 0, second: 0}
        assert queries.find(connection, "t-unknown") is None
