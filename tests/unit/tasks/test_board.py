"""The list of tasks as the console shows it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from imageferry.accounts import access_keys
from imageferry.database.metadata import now
from imageferry.tasks import board
from imageferry.tasks.board import BoardFilter
from imageferry.tasks.model import TaskAction
from support.rows import Rows


def found(rows: Rows, size: int = 10, **values: object) -> list[str]:
    """The tasks that a condition means, newest first."""
    window = {name: values.pop(name) for name in ("before", "after") if name in values}
    condition = BoardFilter(**({"account_id": rows.account} | values))  # type: ignore[arg-type]
    with rows.database.read() as connection:
        tasks = board.newest(connection, condition, size=size, **window)  # type: ignore[arg-type]
        if not window and len(tasks) < size:
            assert board.count(connection, condition) == len(tasks)
    return [task.task_id for task in tasks]


def test_windows_follow_one_another_both_ways(rows: Rows) -> None:
    ids = [rows.task() for _ in range(5)][::-1]
    sequence = {task_id: rows.find(task_id).sequence for task_id in ids}

    assert found(rows, size=2) == ids[:2]
    assert found(rows, size=2, before=sequence[ids[1]]) == ids[2:4]
    assert found(rows, size=2, before=sequence[ids[3]]) == ids[4:]
    assert found(rows, size=2, after=sequence[ids[4]]) == ids[2:4]
    assert found(rows, size=2, after=sequence[ids[0]]) == []


def test_tasks_of_all_regions_and_kinds_are_in_one_order(rows: Rows) -> None:
    ids = [
        rows.task(TaskAction.EXPORT_IMAGE if number % 2 else TaskAction.IMPORT_IMAGE)
        if number % 3
        else rows.claimed(region_id="cn-beijing")
        for number in range(9)
    ][::-1]
    sequence = {task_id: rows.find(task_id).sequence for task_id in ids}

    assert found(rows) == ids
    for place, task_id in enumerate(ids):
        assert found(rows, size=4, before=sequence[task_id]) == ids[place + 1 :][:4]
        assert found(rows, size=4, after=sequence[task_id]) == ids[:place][-4:]
    assert found(rows, status="Processing", size=2, after=sequence[ids[5]]) == [ids[2]]


def test_tasks_are_found_by_what_is_known_of_them(rows: Rows) -> None:
    wanted = rows.claimed(
        action=TaskAction.EXPORT_IMAGE, resource_id="m-wanted", region_id="cn-beijing"
    )
    other = rows.task(resource_id="m-other")

    assert found(rows) == [other, wanted]
    assert found(rows, region_id="cn-beijing") == [wanted]
    assert found(rows, action="ExportImage") == [wanted]
    assert found(rows, status="Processing") == [wanted]
    assert found(rows, created_from=now() - timedelta(minutes=1)) == [other, wanted]
    assert found(rows, created_from=now() + timedelta(minutes=1)) == []
    assert found(rows, created_to=now() - timedelta(minutes=1)) == []


@pytest.mark.parametrize("search", ["M-WANT", "golden", "lden_1"])
def test_a_search_finds_parts_of_ids_and_names(rows: Rows, search: str) -> None:
    wanted = rows.task(resource_id="m-wanted", request={"ImageName": "Golden_100%"})
    rows.task(resource_id="m-other", request={"ImageName": "goldXn"})

    assert found(rows, search=search) == [wanted]
    assert found(rows, search=wanted[3:]) == [wanted]
    assert found(rows, search="%") == [wanted]
    assert found(rows, search="nothing", found_images=["m-wanted"]) == [wanted]


def test_nobody_sees_tasks_of_others_nor_those_that_the_api_does_not_tell(rows: Rows) -> None:
    rows.task(action=TaskAction.COPY_IMAGE)
    rows.task()
    other = rows.change(access_keys.create_account, "other")

    assert found(rows, account_id=other) == []
    assert len(found(rows)) == 1
