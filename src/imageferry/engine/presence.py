"""Which workers there are: each writes a sign of life into its row, and others watch it change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from imageferry.database.connection import Database
from imageferry.database.metadata import now
from imageferry.engine.tables import workers

BEATS_A_TIMEOUT = 10
"""Signs of life in the time after which a worker without any is taken for dead."""


def interval(timeout: float) -> float:
    """Seconds between two signs of life."""
    return timeout / BEATS_A_TIMEOUT


@dataclass(frozen=True)
class Presence:
    """One worker's row.

    Attributes:
        database: Where it is.
        executor: The worker's name.
    """

    database: Database
    executor: str

    def enter(self, engine_version: str, slots: int) -> None:
        """Join the workers."""
        moment = now()
        with self.database.write() as connection:
            connection.execute(
                sa.insert(workers).values(
                    executor=self.executor,
                    engine_version=engine_version,
                    slots=slots,
                    started=moment,
                    beats=0,
                    last_beat=moment,
                )
            )

    def beat(self) -> bool:
        """Give a sign of life. ``False``: the others have taken this worker for dead."""
        change = sa.update(workers).where(workers.c.executor == self.executor)
        with self.database.write_relaxed() as connection:
            result = connection.execute(change.values(beats=workers.c.beats + 1, last_beat=now()))
        return result.rowcount == 1

    def leave(self) -> None:
        """Leave the workers: what this one has not done is for the others."""
        with self.database.write() as connection:
            forget(connection, {self.executor})


def beats(connection: sa.Connection) -> Mapping[str, int]:
    """How many signs of life each worker has given."""
    rows = connection.execute(sa.select(workers.c.executor, workers.c.beats))
    return {row.executor: row.beats for row in rows}


@dataclass(frozen=True)
class Member:
    """One of the workers.

    Attributes:
        engine_version: The version of its steps.
        slots: How many tasks it carries out at once.
    """

    engine_version: str
    slots: int


def members(connection: sa.Connection) -> Mapping[str, Member]:
    """The workers, by their names."""
    rows = connection.execute(
        sa.select(workers.c.executor, workers.c.engine_version, workers.c.slots)
    )
    return {row.executor: Member(row.engine_version, row.slots) for row in rows}


def count_since(connection: sa.Connection, moment: datetime) -> int:
    """How many workers have given a sign of life since a moment."""
    return connection.execute(
        sa.select(sa.func.count()).select_from(workers).where(workers.c.last_beat >= moment)
    ).scalar_one()


@dataclass(frozen=True)
class Crew:
    """The workers of one version of the engine, and the slots of all of them together."""

    workers: int
    slots: int


def crews_since(connection: sa.Connection, moment: datetime) -> Mapping[str, Crew]:
    """The workers that have given a sign of life since a moment, by the engine's version."""
    rows = connection.execute(
        sa.select(
            workers.c.engine_version,
            sa.func.count(),
            sa.func.coalesce(sa.func.sum(workers.c.slots), 0),
        )
        .where(workers.c.last_beat >= moment)
        .group_by(workers.c.engine_version)
    )
    return {version: Crew(count, int(slots)) for version, count, slots in rows}


def forget(connection: sa.Connection, executors: set[str]) -> None:
    """Take workers for dead."""
    connection.execute(sa.delete(workers).where(workers.c.executor.in_(executors)))


@dataclass
class Watch:
    """Finds out which workers are dead, by its own clock alone: those of machines may differ.

    A worker is dead when its beats have not changed for the timeout, and a name that
    still has tasks, but no row, when it was so twice. Whoever was frozen or cut off
    meanwhile, has seen nothing in that time, and starts to watch anew.

    Attributes:
        timeout: Seconds without a change after which a worker is dead.
    """

    timeout: float
    _looked: float = field(default=float("-inf"), init=False)
    _changed: dict[str, tuple[int, float]] = field(default_factory=dict, init=False)
    _absent: set[str] = field(default_factory=set, init=False)

    def look(self, found: Mapping[str, int], holders: set[str], moment: float) -> set[str]:
        """Note what there is to see at a moment, and say who is dead.

        Args:
            found: The beats of each worker.
            holders: The names that have tasks.
            moment: Seconds that only go forward.
        """
        if moment - self._looked > self.timeout / 2:
            self._changed, self._absent = {}, set()
        self._looked = moment
        self._changed = {
            executor: self._change(executor, count, moment) for executor, count in found.items()
        }
        silent = {
            executor
            for executor, (_, since) in self._changed.items()
            if moment - since >= self.timeout
        }
        absent = holders - found.keys()
        gone, self._absent = absent & self._absent, absent
        return silent | gone

    def _change(self, executor: str, count: int, moment: float) -> tuple[int, float]:
        before, since = self._changed.get(executor, (-1, moment))
        return count, since if count == before else moment
