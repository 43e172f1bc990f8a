from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from imageferry.database.metadata import now
from imageferry.tasks import lists
from imageferry.tasks.lists import LIST_KEPT_FOR, Page, TaskFilter
from imageferry.tasks.model import TaskAction, TaskStatus
from imageferry.tasks.tables import task_lists
from support.rows import REGION, Rows


def _filter(rows: Rows, **conditions: Any) -> TaskFilter:
    return TaskFilter(**({"account_id": rows.account, "region_id": REGION} | conditions))


def _page(
    rows: Rows, *, number: int = 1, size: int = 10, anchor: int | None = None, **c: Any
) -> Page:
    with rows.database.read() as connection:
        return lists.page(connection, _filter(rows, **c), number=number, size=size, anchor=anchor)


def _ids(page: Page) -> list[str]:
    return [task.task_id for task in page.tasks]


def test_a_list_is_newest_first_in_pages(rows: Rows) -> None:
    made = [rows.task() for _ in range(5)]

    pages = [_page(rows, number=number, size=2) for number in (1, 2, 3, 4)]

    assert [_ids(page) for page in pages] == [made[:2:-1], made[2:0:-1], made[:1], []]
    assert [page.total for page in pages] == [5, 5, 5, 5]


def test_later_pages_go_with_the_first_one(rows: Rows) -> None:
    made = [rows.task() for _ in range(4)]
    anchor = rows.find(made[-1]).sequence
    rows.task()

    second = _page(rows, number=2, size=2, anchor=anchor)

    assert (_ids(second), second.total) == ([made[1], made[0]], 4)


def test_conditions_narrow_a_list(rows: Rows) -> None:
    imported = rows.claimed("worker", resource_id="m-1")
    exported = rows.task(TaskAction.EXPORT_IMAGE, resource_id="m-1")
    elsewhere = rows.task(resource_id="m-2", region_id="cn-beijing")

    def found(**conditions: Any) -> list[str]:
        return _ids(_page(rows, **conditions))

    assert found() == [exported, imported]
    assert found(region_id="cn-beijing") == [elsewhere]
    assert found(account_id="somebody-else") == []
    assert found(task_ids=(imported, elsewhere)) == [imported]
    assert found(resource_ids=("m-1", "m-2")) == [exported, imported]
    assert found(action="ExportImage") == [exported]
    assert found(action="NoAction") == []
    assert found(status=TaskStatus.PROCESSING) == [imported]
    assert found(status=TaskStatus.WAITING, action="ImportImage") == []


def test_the_times_of_creation_are_inclusive(rows: Rows) -> None:
    task_id = rows.task()
    created = rows.find(task_id).created
    moment = timedelta(microseconds=1)

    def is_found(**times: Any) -> bool:
        return _ids(_page(rows, **times)) == [task_id]

    assert is_found(created_from=created, created_to=created)
    assert not is_found(created_from=created + moment)
    assert not is_found(created_to=created - moment)


def _begin(rows: Rows, newest: int, **conditions: Any) -> None:
    with rows.database.write() as connection:
        lists.begin_list(connection, _filter(rows, **conditions), newest)


def _anchor(rows: Rows, **conditions: Any) -> int | None:
    with rows.database.read() as connection:
        return lists.list_anchor(connection, _filter(rows, **conditions))


def test_every_condition_has_an_anchor_of_its_own(rows: Rows) -> None:
    _begin(rows, 7)
    _begin(rows, 8, status=TaskStatus.WAITING)
    _begin(rows, 9, created_from=now())

    assert (_anchor(rows), _anchor(rows, status=TaskStatus.WAITING)) == (7, 8)
    assert _anchor(rows, status=TaskStatus.FINISHED) is None
    assert _anchor(rows, account_id="somebody-else") is None


def test_a_first_page_replaces_the_anchor(rows: Rows) -> None:
    _begin(rows, 7)
    _begin(rows, 8)

    assert _anchor(rows) == 8


def test_an_old_anchor_does_not_count_and_is_forgotten(rows: Rows) -> None:
    _begin(rows, 7)
    with rows.database.write() as connection:
        connection.execute(sa.update(task_lists).values(begun=now() - LIST_KEPT_FOR))
    assert _anchor(rows) is None

    _begin(rows, 8, action="ImportImage")

    with rows.database.read() as connection:
        kept = connection.execute(sa.select(task_lists.c.newest_sequence)).scalars().all()
    assert kept == [8]
