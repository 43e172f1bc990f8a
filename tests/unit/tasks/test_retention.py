from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from imageferry.accounts import access_keys
from imageferry.database.metadata import now
from imageferry.settings import Settings
from imageferry.tasks import hand_overs, retention, tables, transitions
from imageferry.tasks.retention import Retention
from support.rows import Rows

DAY = timedelta(days=1)
ALL = Retention(None, 0)


def _ended(rows: Rows, ago: timedelta, **values: str) -> str:
    """A task that ended so long ago."""
    task_id = rows.claimed(**values)
    assert rows.change(transitions.finish, task_id, "worker")
    change = sa.update(tables.tasks).where(tables.tasks.c.task_id == task_id)
    rows.change(sa.Connection.execute, change.values(finished=now() - ago))
    return task_id


def _forget(rows: Rows, kept: Retention) -> int:
    return retention.forget(rows.database, kept, lambda: False)


def _left(rows: Rows, table: sa.Table = tables.tasks) -> set[str]:
    with rows.database.read() as connection:
        return set(connection.execute(sa.select(table.c.task_id)).scalars())


def test_all_is_kept_where_nothing_is_said(rows: Rows) -> None:
    _ended(rows, 1000 * DAY)

    assert Retention.of(Settings()) == ALL
    assert _forget(rows, ALL) == 0


def test_old_tasks_go_with_all_that_was_noted_of_them(rows: Rows) -> None:
    old, new = _ended(rows, 3 * DAY), _ended(rows, DAY)
    kept = Retention.of(Settings(keep_tasks_days=2))

    assert (_forget(rows, kept), _forget(rows, kept)) == (1, 0)

    assert old != new
    for table in (tables.tasks, tables.task_disks, tables.task_events):
        assert _left(rows, table) == {new}


def test_of_each_account_the_latest_are_kept(rows: Rows) -> None:
    other: str = rows.change(access_keys.create_account, "other")
    mine = [_ended(rows, days * DAY) for days in (5, 4, 3, 2)]
    others = [_ended(rows, days * DAY, account_id=other) for days in (9, 8)]
    few = _ended(rows, 7 * DAY, account_id=rows.change(access_keys.create_account, "third"))

    assert _forget(rows, Retention.of(Settings(keep_tasks=2))) == 2

    assert _left(rows) == {*mine[2:], *others, few}


def test_either_limit_is_enough(rows: Rows) -> None:
    tasks = [_ended(rows, days * DAY) for days in (9, 3, 2, 1)]

    assert _forget(rows, Retention(8 * DAY, 2)) == 2

    assert _left(rows) == set(tasks[2:])


def test_what_has_just_ended_stays(rows: Rows) -> None:
    for _ in range(3):
        _ended(rows, timedelta(minutes=50))

    assert _forget(rows, Retention(timedelta(0), 1)) == 0


def test_tasks_that_have_not_ended_stay(rows: Rows) -> None:
    waiting_task, running, paused = rows.task(), rows.claimed(), rows.task()
    rows.change(transitions.pause, paused, "somebody")
    to_clean_up = _ended(rows, 3 * DAY)
    rows.change(hand_overs.replace, to_clean_up, 1)

    assert _forget(rows, Retention(DAY, 1)) == 0
    assert _left(rows) == {waiting_task, running, paused, to_clean_up}


def test_many_go_in_steps(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "ROWS_A_TIME", 2)
    for _ in range(5):
        _ended(rows, 3 * DAY)
    stops = iter([False, True])

    assert retention.forget(rows.database, Retention(DAY, 0), lambda: next(stops)) == 2
    assert _forget(rows, Retention(DAY, 0)) == 3
