"""Rows of tasks in bulk: millions in minutes, as a service of some years would have them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import sqlalchemy as sa

from imageferry.accounts import access_keys
from imageferry.database.connection import Database
from imageferry.tasks.places import LEVELS, WHOLE
from support.service import REGION

APART = timedelta(seconds=30)
"""How far apart the tasks were made: a million in a year."""

AT_A_TIME = 1_000_000
"""Rows of one transaction."""

_NUMBERS = {
    "sqlite": "WITH RECURSIVE numbers (n) AS (SELECT :first UNION ALL SELECT n + 1 FROM numbers"
    " WHERE n < :last) ",
    "postgresql": "WITH numbers AS (SELECT n FROM"
    " generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n) ",
}

_INSERT = """INSERT INTO tasks (task_id, account_id, region_id, action, status, resource_id,
    request, created, started, finished, phase, percent, bytes_done, bytes_total,
    bytes_per_second, attempt, error_code, error_message, cancel_reason)"""

# Of a hundred tasks 20 are exports, and of each of both 90 are Finished, 7 Failed and 3 Deleted.
_ROWS = """SELECT 't-' || (1000000000 + n), {account}, :region,
    CASE WHEN n % 5 = 0 THEN 'ExportImage' ELSE 'ImportImage' END,
    CASE WHEN n % 101 < 91 THEN 'Finished' WHEN n % 101 < 98 THEN 'Failed' ELSE 'Deleted' END,
    'm-' || (1000000000 + n / 3), '{{"ImageName": "golden", "Architecture": "x86_64"}}',
    :begun + n * :apart, :begun + n * :apart, :begun + n * :apart + 20000000,
    'ended', 100, 1073741824, 1073741824, 0, 1,
    CASE WHEN n % 101 BETWEEN 91 AND 97 THEN 'InvalidOSSObject.NotFound' ELSE '' END,
    CASE WHEN n % 101 BETWEEN 91 AND 97 THEN 'The object is gone.' ELSE '' END, ''
    FROM numbers"""


def fill(
    database: Database,
    account: str,
    of_account: int,
    others: int,
    tell: Callable[[str], None] = lambda _progress: None,
) -> None:
    """Make tasks of one account, evenly among those of nine others, and count them.

    Args:
        database: Where.
        account: Whose tasks are to be listed.
        of_account: How many it is to have.
        others: How many the others are to have together.
        tell: Takes a line now and then on what is done.
    """
    with database.write() as connection:
        strangers = [access_keys.create_account(connection, f"other {n}") for n in range(9)]
    whose = _account(account, strangers, of_account, others)
    begun = datetime.now(UTC) - (of_account + others) * APART
    with _uncounted(database):
        for first in range(1, of_account + others + 1, AT_A_TIME):
            last = min(first + AT_A_TIME - 1, of_account + others)
            _insert(database, whose, begun, first, last)
            tell(f"{last:,} rows are there")
    _count(database)
    tell("they are counted")


def _account(account: str, strangers: Sequence[str], of_account: int, others: int) -> str:
    """The SQL that tells whose the task of a number is."""
    every = (of_account + others) // of_account
    if every == 1:
        return f"'{account}'"
    cases = " ".join(f"WHEN {n} THEN '{other}'" for n, other in enumerate(strangers))
    return (
        f"CASE WHEN n % {every} = 0 AND n / {every} <= {of_account} THEN '{account}' "
        f"ELSE CASE n % {len(strangers)} {cases} END END"
    )


def _insert(database: Database, whose: str, begun: datetime, first: int, last: int) -> None:
    values = {
        "first": first,
        "last": last,
        "region": REGION,
        "begun": int(begun.timestamp() * 1_000_000),
        "apart": APART // timedelta(microseconds=1),
    }
    numbers = _NUMBERS[database.url.get_backend_name()]
    rows = _ROWS.format(account=whose)
    with database.write() as connection:
        # SQLite has the numbers after INSERT only.
        statement = f"{_INSERT} {numbers}{rows}"
        connection.execute(sa.text(statement), values)


@contextmanager
def _uncounted(database: Database) -> Iterator[None]:
    """Keep the triggers from counting the rows one by one, and from looking their accounts up."""
    if not database.is_sqlite:
        with database.write() as connection:
            connection.exec_driver_sql("ALTER TABLE tasks DISABLE TRIGGER ALL")
        yield
        with database.write() as connection:
            connection.exec_driver_sql("ALTER TABLE tasks ENABLE TRIGGER ALL")
        return
    with database.write() as connection:
        triggers = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'tasks'"
        ).all()
        for name, _ in triggers:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
    yield
    with database.write() as connection:
        for _, statement in triggers:
            connection.exec_driver_sql(statement)


def _count(database: Database) -> None:
    """Count the smallest blocks by the tasks, and each larger one by the next smaller ones."""
    sizes = (WHOLE, *LEVELS)
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM task_blocks")
        connection.exec_driver_sql(
            f"INSERT INTO task_blocks SELECT account_id, region_id, {sizes[-1]},"
            f" sequence >> {sizes[-1]}, action, status, count(*), min(created), max(created)"
            " FROM tasks GROUP BY 1, 2, 4, 5, 6"
        )
        for level, smaller in reversed(tuple(pairwise(sizes))):
            connection.exec_driver_sql(
                f"INSERT INTO task_blocks SELECT account_id, region_id, {level},"
                f" block >> {level - smaller}, action, status, sum(tasks), min(oldest), max(newest)"
                f" FROM task_blocks WHERE level = {smaller} GROUP BY 1, 2, 4, 5, 6"
            )
    if not database.is_sqlite:
        _vacuum(database)


def _vacuum(database: Database) -> None:
    """Do at once what the server does by itself within some minutes."""
    engine = sa.create_engine(database.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("VACUUM ANALYZE tasks")
        connection.exec_driver_sql("VACUUM ANALYZE task_blocks")
    engine.dispose()
