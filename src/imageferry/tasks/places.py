"""Places in long lists: how many tasks there are, and which of them is at a place.

The database counts the tasks of each block of sequences as they come, change and go
(``task_blocks``). So neither question reads the tasks before the place that is asked for: it
goes down from the largest blocks to the smallest, and reads the tasks of one of those alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeAlias

import sqlalchemy as sa

from imageferry.tasks.tables import task_blocks, tasks

LEVELS = (17, 10)
"""The sizes of blocks as powers of two, the largest first."""

WHOLE = 62
"""The level of the one block that has all sequences."""

NEWEST = (1 << WHOLE) - 1
"""A sequence that no task exceeds."""

BEGINNING = datetime.min.replace(tzinfo=UTC)
END = datetime.max.replace(tzinfo=UTC)

_BOUNDS = ("account_id", "region_id", "oldest", "newest", "created_from", "created_to")

_Block: TypeAlias = "sa.Row[int, int, datetime, datetime]"


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which tasks are meant: all that meet every condition. All bounds are inclusive.

    Attributes:
        account_id, region_id: Whose they are, and where.
        actions: What they do; empty for anything.
        statuses: Their statuses; empty for any.
        oldest, newest: Between which sequences they are.
        created_from, created_to: When they were made.
    """

    account_id: str
    region_id: str
    actions: tuple[str, ...]
    statuses: tuple[str, ...] = ()
    oldest: int = 0
    newest: int = NEWEST
    created_from: datetime = BEGINNING
    created_to: datetime = END

    @property
    def is_bounded(self) -> bool:
        """Whether it is not about all sequences and times."""
        return self.is_timed or (self.oldest, self.newest) != (0, NEWEST)

    @property
    def is_timed(self) -> bool:
        """Whether it is not about all times."""
        return (self.created_from, self.created_to) != (BEGINNING, END)

    def has_kind(self, action: str, status: str) -> bool:
        """Whether tasks of an action and a status are meant."""
        return action in (self.actions or (action,)) and status in (self.statuses or (status,))

    @property
    def shape(self) -> Shape:
        """The form of the conditions."""
        return Shape(len(self.actions), len(self.statuses), is_timed=self.is_timed)

    @property
    def values(self) -> dict[str, Any]:
        """What the conditions compare with."""
        values = {name: getattr(self, name) for name in _BOUNDS}
        values |= {f"action_{number}": action for number, action in enumerate(self.actions)}
        return values | {f"status_{number}": status for number, status in enumerate(self.statuses)}


@dataclass(frozen=True)
class Shape:
    """The form of a selection's conditions, without what they compare with.

    Statements are put together once for each: that takes longer than to run them.

    Attributes:
        actions, statuses: How many of each are named; none for any.
        is_timed: Whether the time matters.
    """

    actions: int
    statuses: int
    is_timed: bool

    def kinds_in(self, table: sa.FromClause) -> sa.ColumnElement[bool]:
        """The conditions that can be put to tasks and to blocks."""
        conditions = [
            table.c.account_id == sa.bindparam("account_id"),
            table.c.region_id == sa.bindparam("region_id"),
        ]
        for column, count in ((table.c.action, self.actions), (table.c.status, self.statuses)):
            if count:
                conditions.append(_is_one_of(column, count))
        return sa.and_(*conditions)

    def where(self, table: sa.FromClause = tasks) -> sa.ColumnElement[bool]:
        """Every condition, on tasks."""
        conditions = [self.kinds_in(table), _between(table.c.sequence, "oldest", "newest")]
        if self.is_timed:
            conditions.append(_between(table.c.created, "created_from", "created_to"))
        return sa.and_(*conditions)


@dataclass(frozen=True)
class Run:
    """The tasks of a selection whose sequences lie in one block, or in a part of it.

    Attributes:
        level: The index of the size in :data:`LEVELS` of the blocks that tell more of it.
        oldest, newest: The sequences that it has, both inclusive.
        count: How many tasks it has.
    """

    level: int
    oldest: int
    newest: int
    count: int


@dataclass(frozen=True)
class Survey:
    """What is known of a selection without having read it.

    Attributes:
        kinds: Each action and status that tasks of it may have; none where every task of the
            account in the region may be meant.
        runs: Where its tasks lie, newest first.
    """

    selection: Selection
    kinds: Sequence[tuple[str, str]]
    runs: Sequence[Run]

    @property
    def total(self) -> int:
        """How many tasks it has."""
        return sum(run.count for run in self.runs)


_KINDS = sa.select(task_blocks.c.action, task_blocks.c.status, task_blocks.c.tasks).where(
    Shape(0, 0, is_timed=False).kinds_in(task_blocks),
    task_blocks.c.level == WHOLE,
    task_blocks.c.block == 0,
)


def survey(connection: sa.Connection, selection: Selection) -> Survey:
    """Find out where the tasks of a selection lie.

    Args:
        connection: A transaction that sees one state throughout.
        selection: Which tasks are meant.
    """
    there = connection.execute(_KINDS, selection.values).all()
    meant = [row for row in there if selection.has_kind(row.action, row.status)]
    kinds = [(row.action, row.status) for row in meant]
    if not meant:
        return Survey(selection, kinds, ())
    # Where the rows are looked at for their times, PostgreSQL may think it as well to walk those
    # of all accounts, unless the kind tells it how few are meant.
    if len(meant) == len(there) and not selection.is_timed:
        kinds, selection = [], replace(selection, actions=(), statuses=())
    if selection.is_bounded:
        return Survey(selection, kinds, tuple(_runs(connection, selection, 0)))
    return Survey(selection, kinds, (Run(0, 0, NEWEST, sum(row.tasks for row in meant)),))


def sequence_at(connection: sa.Connection, found: Survey, place: int) -> int | None:
    """Where to begin to read for the task at a place of a selection, newest first, from 0.

    Args:
        connection: The transaction of the survey.
        found: What is known of the selection.
        place: The place.

    Returns:
        The sequence of the task; for the first one any that no task of the selection exceeds.
        ``None`` beyond the end.
    """
    if place == 0 and found.runs:
        return found.runs[0].newest
    return _sequence_in(connection, found.selection, found.runs, place)


def _sequence_in(
    connection: sa.Connection, selection: Selection, runs: Sequence[Run], place: int
) -> int | None:
    for run in runs:
        if place < run.count:
            part = replace(selection, oldest=run.oldest, newest=run.newest)
            if run.level < len(LEVELS):
                smaller = tuple(_runs(connection, part, run.level))
                return _sequence_in(connection, part, smaller, place)
            return _read_sequence(connection, part, place)
        place -= run.count
    return None


def _runs(connection: sa.Connection, selection: Selection, level: int) -> Iterator[Run]:
    """The runs that have the tasks of a selection, in blocks of a level where they are whole."""
    if level == len(LEVELS):
        if count := _count(connection, selection):
            yield Run(level, selection.oldest, selection.newest, count)
        return
    for block in _blocks(connection, selection, LEVELS[level]):
        oldest = block.block << LEVELS[level]
        newest = oldest + (1 << LEVELS[level]) - 1
        if _is_whole(selection, block, oldest, newest):
            yield Run(level + 1, oldest, newest, block.tasks)
        else:
            part = replace(
                selection,
                oldest=max(selection.oldest, oldest),
                newest=min(selection.newest, newest),
            )
            yield from _runs(connection, part, level + 1)


def _blocks(connection: sa.Connection, selection: Selection, level: int) -> Sequence[_Block]:
    """The blocks of a level that may have tasks of a selection."""
    bounds = {
        "level": level,
        "oldest_block": selection.oldest >> level,
        "newest_block": selection.newest >> level,
    }
    statement = _blocks_statement(selection.shape)
    return connection.execute(statement, {**selection.values, **bounds}).all()


def _is_whole(selection: Selection, block: _Block, oldest: int, newest: int) -> bool:
    """Whether every task of a block is meant."""
    return (
        selection.oldest <= oldest
        and newest <= selection.newest
        and selection.created_from <= block.oldest
        and block.newest <= selection.created_to
    )


def _count(connection: sa.Connection, selection: Selection) -> int:
    return connection.execute(_count_statement(selection.shape), selection.values).scalar_one()


def _read_sequence(connection: sa.Connection, selection: Selection, place: int) -> int:
    values = {**selection.values, "place": place}
    return connection.execute(_sequence_statement(selection.shape), values).scalar_one()


@cache
def _blocks_statement(shape: Shape) -> sa.Select[int, int, datetime, datetime]:
    oldest, newest = sa.func.min(task_blocks.c.oldest), sa.func.max(task_blocks.c.newest)
    return (
        sa.select(
            task_blocks.c.block,
            sa.cast(sa.func.sum(task_blocks.c.tasks), sa.BigInteger).label("tasks"),
            oldest.label("oldest"),
            newest.label("newest"),
        )
        .where(
            shape.kinds_in(task_blocks),
            task_blocks.c.level == sa.bindparam("level"),
            _between(task_blocks.c.block, "oldest_block", "newest_block"),
        )
        .group_by(task_blocks.c.block)
        .having(
            sa.and_(oldest <= sa.bindparam("created_to"), newest >= sa.bindparam("created_from"))
        )
        .order_by(task_blocks.c.block.desc())
    )


@cache
def _count_statement(shape: Shape) -> sa.Select[int]:
    return sa.select(sa.func.count()).select_from(tasks).where(shape.where())


@cache
def _sequence_statement(shape: Shape) -> sa.Select[int]:
    return (
        sa.select(tasks.c.sequence)
        .where(shape.where())
        .order_by(tasks.c.sequence.desc())
        .offset(sa.bindparam("place"))
        .limit(1)
    )


def _is_one_of(column: sa.ColumnElement[str], count: int) -> sa.ColumnElement[bool]:
    values: list[sa.BindParameter[str]] = [
        sa.bindparam(f"{column.key}_{number}") for number in range(count)
    ]
    return column == values[0] if count == 1 else column.in_(values)


def _between(column: sa.ColumnElement[Any], lowest: str, highest: str) -> sa.ColumnElement[bool]:
    return column.between(sa.bindparam(lowest), sa.bindparam(highest))
