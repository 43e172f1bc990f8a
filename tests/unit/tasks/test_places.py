"""Long lists: counts that the database keeps, and what is read for a page of any place."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from benchmarks.many_tasks.rows import fill

from imageferry.accounts import access_keys
from imageferry.database.connection import Database
from imageferry.database.metadata import now
from imageferry.tasks import lists
from imageferry.tasks.lists import TaskFilter
from imageferry.tasks.model import TaskAction, TaskStatus
from imageferry.tasks.places import LEVELS, WHOLE
from imageferry.tasks.tables import task_blocks, tasks
from support.rows import REGION, Rows

BEGUN = now().replace(microsecond=0) - timedelta(days=30)
ACTIONS = [action.value for action in TaskAction]
STATUSES = [status.value for status in TaskStatus]


@dataclass(frozen=True)
class Made:
    """What a row says that a list can ask for."""

    sequence: int
    action: str
    status: str
    created: datetime


def _insert(rows: Rows, made: Sequence[Made], account: str = "") -> None:
    values = [
        {
            **vars(task),
            "task_id": f"t-{task.sequence}",
            "account_id": account or rows.account,
            "region_id": REGION,
            "resource_id": f"m-{task.sequence % 7}",
            "request": {},
            "phase": "ended",
            **dict.fromkeys(("percent", "bytes_done", "bytes_total", "bytes_per_second"), 0),
            **dict.fromkeys(("error_code", "error_message", "cancel_reason"), ""),
            "attempt": 1,
        }
        for task in made
    ]
    with rows.database.write() as connection:
        connection.execute(sa.insert(tasks), values)


def _scattered(
    count: int, generator: random.Random, actions: Sequence[str] = ACTIONS
) -> list[Made]:
    """Tasks in many blocks of each size; the clock goes back now and then."""
    sequences = sorted(generator.sample(range(1, 3 << LEVELS[0]), count))
    return [
        Made(
            sequence,
            generator.choice(actions),
            generator.choices(STATUSES, (1, 1, 1, 20, 5, 1))[0],
            BEGUN + timedelta(seconds=sequence - generator.choice((0, 0, 0, 0, 5000))),
        )
        for sequence in sequences
    ]


def _counted(database: Database) -> dict[tuple[Any, ...], int]:
    with database.read() as connection:
        return {
            (row.level, row.block, row.action, row.status): row.tasks
            for row in connection.execute(sa.select(task_blocks))
        }


def _to_count(database: Database) -> dict[tuple[Any, ...], int]:
    with database.read() as connection:
        found = connection.execute(sa.select(tasks.c.sequence, tasks.c.action, tasks.c.status))
        return Counter(
            (level, row.sequence >> level, row.action, row.status)
            for row in found
            for level in (*LEVELS, WHOLE)
        )


def test_the_database_counts_whatever_changes(rows: Rows) -> None:
    generator = random.Random(1)
    _insert(rows, _scattered(300, generator))
    assert _counted(rows.database) == _to_count(rows.database)

    for remainder, status in enumerate(("Finished", "Failed", "Deleted")):
        with rows.database.write() as connection:
            connection.execute(
                sa.update(tasks).where(tasks.c.sequence % 4 == remainder).values(status=status)
            )
        assert _counted(rows.database) == _to_count(rows.database)

    with rows.database.write() as connection:
        connection.execute(sa.delete(tasks).where(tasks.c.sequence % 3 > 0))
    assert _counted(rows.database) == _to_count(rows.database)
    with rows.database.write() as connection:
        connection.execute(sa.delete(tasks))
    assert _counted(rows.database) == {}


def test_what_is_rolled_back_is_not_counted(rows: Rows) -> None:
    _insert(rows, _scattered(20, random.Random(2)))
    before = _counted(rows.database)

    with rows.database.write() as connection:
        connection.execute(sa.update(tasks).values(status="Failed"))
        connection.execute(sa.delete(tasks).where(tasks.c.sequence % 2 == 0))
        connection.rollback()

    assert _counted(rows.database) == before


Wanted = Callable[[Made], bool]


def _conditions(generator: random.Random) -> tuple[dict[str, Any], Wanted]:
    """Conditions of a list, and which tasks meet them."""
    action = generator.choice(["", *ACTIONS[:2]])
    status = generator.choice([None, *TaskStatus])
    span = timedelta(seconds=3 << LEVELS[0])
    earliest, latest = sorted(BEGUN + span * generator.uniform(-0.1, 1.1) for _ in range(2))
    created_from, created_to = generator.choice((None, earliest)), generator.choice((None, latest))

    def is_wanted(task: Made) -> bool:
        return (
            task.action in ([action] if action else ["ImportImage", "ExportImage"])
            and status in (None, task.status)
            and (created_from or task.created) <= task.created <= (created_to or task.created)
        )

    conditions = {"action": action, "status": status}
    return {**conditions, "created_from": created_from, "created_to": created_to}, is_wanted


@pytest.mark.parametrize("actions", [ACTIONS, ACTIONS[:2]], ids=["some untold", "all told"])
def test_every_page_has_what_a_reading_of_the_whole_list_finds(
    rows: Rows, actions: Sequence[str]
) -> None:
    generator = random.Random(3)
    made = _scattered(500, generator, actions)
    _insert(rows, made)
    _insert(rows, [Made(4 << LEVELS[0], "ImportImage", "Finished", BEGUN)], _other_account(rows))

    for _ in range(40):
        conditions, is_wanted = _conditions(generator)
        anchor = generator.choice((None, generator.randrange(3 << LEVELS[0])))
        wanted = [task.sequence for task in made if is_wanted(task)]
        wanted = [sequence for sequence in wanted[::-1] if anchor is None or sequence <= anchor]
        size = generator.choice((1, 10, 100))
        number = generator.randint(1, len(wanted) // size + 2)

        page = _page(rows, conditions, number=number, size=size, anchor=anchor)

        expected = wanted[(number - 1) * size : number * size]
        assert [task.sequence for task in page.tasks] == expected, (conditions, anchor, number)
        assert page.total == len(wanted)


def test_named_tasks_meet_the_other_conditions_too(rows: Rows) -> None:
    generator = random.Random(4)
    made = _scattered(200, generator)
    _insert(rows, made)

    for _ in range(40):
        conditions, is_wanted = _conditions(generator)
        chosen = generator.sample(made, 100)
        ids = tuple(f"t-{task.sequence}" for task in chosen)
        resources = generator.choice(((), ("m-1", "m-2", "m-unknown")))
        wanted = sorted(
            task.sequence
            for task in chosen
            if is_wanted(task) and (not resources or task.sequence % 7 in {1, 2})
        )[::-1]

        page = _page(rows, {**conditions, "task_ids": ids, "resource_ids": resources}, number=2)

        assert [task.sequence for task in page.tasks] == wanted[10:20]
        assert page.total == len(wanted)


MANY = 30_000
DAY = timedelta(days=1)


def _lists(newest: lists.Page) -> dict[str, dict[str, Any]]:
    """Lists of each kind, as conditions."""
    latest = newest.tasks[0].created
    ids = tuple(task.task_id for task in newest.tasks)
    return {
        "all": {},
        "failed": {"status": TaskStatus.FAILED},
        "none": {"status": TaskStatus.PROCESSING},
        "failed exports": {"action": "ExportImage", "status": TaskStatus.FAILED},
        "times": {"created_from": latest - 5 * DAY, "created_to": latest - 2 * DAY},
        "named": {"task_ids": ids},
        "images": {"resource_ids": tuple(task.resource_id for task in newest.tasks)},
    }


def test_a_page_at_any_place_reads_no_more_than_a_few_blocks(rows: Rows) -> None:
    """Counted by the databases themselves.

    PostgreSQL says how many rows it read, and of the steps of SQLite's machine some ten are
    about a row.
    """
    fill(rows.database, rows.account, MANY, 0)
    assert _counted(rows.database) == _to_count(rows.database)

    read = {}
    for name, conditions in _lists(_page(rows, {})).items():
        last = max(1, -(-_page(rows, conditions).total // 10))
        for number in {1, (last + 1) // 2, last}:
            read[name, number] = _read(rows, conditions, number)

    assert len(read) > len(_lists(_page(rows, {})))
    blocks = 6 << LEVELS[-1]
    _take_away(rows.database)
    assert max(read.values()) < (blocks * 10 if rows.database.is_sqlite else blocks), read


def _take_away(database: Database) -> None:
    """Delete all tasks as a whole: to count each of so many out of the rest takes minutes."""
    if not database.is_sqlite:
        with database.write() as connection:
            connection.exec_driver_sql("TRUNCATE tasks, task_blocks CASCADE")


def _other_account(rows: Rows) -> str:
    with rows.database.write() as connection:
        return access_keys.create_account(connection, "other")


def _page(
    rows: Rows,
    conditions: dict[str, Any],
    *,
    number: int = 1,
    size: int = 10,
    anchor: int | None = None,
) -> lists.Page:
    condition = TaskFilter(account_id=rows.account, region_id=REGION, **conditions)
    with rows.database.read() as connection:
        return lists.page(connection, condition, number=number, size=size, anchor=anchor)


def _read(rows: Rows, conditions: dict[str, Any], number: int) -> int:
    condition = TaskFilter(account_id=rows.account, region_id=REGION, **conditions)
    with rows.database.read() as connection:
        measure = _steps if rows.database.is_sqlite else _rows_read
        return measure(
            connection,
            lambda: lists.page(connection, condition, number=number, size=10, anchor=None),
        )


def _steps(connection: sa.Connection, work: Callable[[], object]) -> int:
    """How many steps SQLite's machine takes for some work, in tens."""
    tens: list[None] = []
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.set_progress_handler(lambda: tens.append(None), 10)
    try:
        work()
    finally:
        driver.set_progress_handler(None, 0)
    return len(tens) * 10


def _rows_read(connection: sa.Connection, work: Callable[[], object]) -> int:
    """How many rows PostgreSQL reads for some work, those included that it does not use."""
    executed: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        executed.append((statement, parameters))

    sa.event.listen(connection, "before_cursor_execute", note)
    work()
    sa.event.remove(connection, "before_cursor_execute", note)
    plans = [
        connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
        for statement, parameters in executed
    ]
    return sum(_rows_of(_parsed(plan.scalar_one())[0]["Plan"]) for plan in plans)


def _parsed(plan: Any) -> Any:
    return json.loads(plan) if isinstance(plan, str) else plan


def _rows_of(node: dict[str, Any]) -> int:
    used = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    own = int(used * node["Actual Loops"]) if "Scan" in node["Node Type"] else 0
    return own + sum(_rows_of(child) for child in node.get("Plans", ()))
