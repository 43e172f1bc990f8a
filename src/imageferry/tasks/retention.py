"""Forgets tasks that have ended: those that are too old, and those that are too many.

What they made stays. A task goes in whole, with its disks, events and rates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from imageferry.database.connection import Database
from imageferry.database.distinct import each_value
from imageferry.database.metadata import now
from imageferry.settings import Settings
from imageferry.tasks.tables import tasks

ROWS_A_TIME = 500
"""Tasks that go in one transaction, so that none takes long."""

KEPT_IN_ANY_CASE = timedelta(hours=1)
"""How long a task that has ended stays: its files may still be being taken away."""

_LOCK = "imageferry-retention"
_FORGETTABLE = sa.and_(tasks.c.finished.is_not(None), ~tasks.c.queued)


@dataclass(frozen=True)
class Retention:
    """What is kept of the tasks that have ended.

    Attributes:
        age: How long; ``None`` for ever.
        number: How many of each account, the latest; 0 for all.
    """

    age: timedelta | None
    number: int

    @classmethod
    def of(cls, settings: Settings) -> Retention:
        """What the settings say."""
        days = settings.keep_tasks_days
        return cls(timedelta(days=days) if days else None, settings.keep_tasks)


def forget(database: Database, retention: Retention, is_stopping: Callable[[], bool]) -> int:
    """Forget what is not to be kept, a few tasks at a time, and count them.

    Args:
        database: Where the tasks are.
        retention: What is kept.
        is_stopping: Whether to leave the rest for another time.
    """
    forgotten = 0
    with database.read() as connection:
        accounts = _accounts(connection)
    for account in accounts:
        with database.read() as connection:
            before = _before(connection, account, retention)
        while before is not None and not is_stopping():
            removed = _forget_some(database, account, before)
            forgotten += removed
            if removed < ROWS_A_TIME:
                break
    return forgotten


def _before(connection: sa.Connection, account: str, retention: Retention) -> datetime | None:
    """The moment before which the account's tasks ended that go; ``None`` where none do."""
    moments = []
    if retention.age is not None:
        moments.append(now() - retention.age)
    if retention.number:
        last = connection.execute(
            sa.select(tasks.c.finished)
            .where(_FORGETTABLE, tasks.c.account_id == account)
            .order_by(tasks.c.finished.desc())
            .offset(retention.number - 1)
            .limit(1)
        ).scalar_one_or_none()
        moments += [] if last is None else [last]
    return min(max(moments), now() - KEPT_IN_ANY_CASE) if moments else None


def _forget_some(database: Database, account: str, before: datetime) -> int:
    some = (
        sa.select(tasks.c.sequence)
        .where(_FORGETTABLE, tasks.c.account_id == account, tasks.c.finished < before)
        .order_by(tasks.c.finished)
        .limit(ROWS_A_TIME)
    )
    with database.write_alone(_LOCK) as connection:
        chosen = connection.execute(some).scalars().all()
        connection.execute(sa.delete(tasks).where(tasks.c.sequence.in_(chosen)))
    return len(chosen)


def _accounts(connection: sa.Connection) -> Sequence[str]:
    """The accounts that have tasks."""
    return connection.execute(each_value(tasks.c.account_id)).scalars().all()
