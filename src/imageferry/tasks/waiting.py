"""Which of the waiting tasks is taken up next, and what the others wait for.

Accounts take turns; see :mod:`imageferry.tasks.turns`. Within an account the priority decides,
then the age.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import sqlalchemy as sa

from imageferry.database.distinct import each_value
from imageferry.database.upsert import upsert
from imageferry.tasks import turns
from imageferry.tasks.forms import WHOLE_TASK
from imageferry.tasks.model import ListedTask, Task, TaskStatus
from imageferry.tasks.queries import ENDED
from imageferry.tasks.tables import account_turns, tasks
from imageferry.tasks.turns import Limits, Line

LOCK = "imageferry-queue"
"""Whoever gives tasks to workers has this name to himself meanwhile: limits hold for all."""

_IN_LINE = sa.and_(tasks.c.queued, tasks.c.status == TaskStatus.WAITING.value)
# Not by the statuses that are meant: their index has all that wait too.
_RUNNING = sa.and_(
    ~tasks.c.queued, tasks.c.finished.is_(None), tasks.c.status != TaskStatus.PAUSED.value
)
# Made once: it is asked ten times a second.
_ANY_IN_LINE = (
    sa.select(tasks.c.sequence)
    .where(tasks.c.queued, tasks.c.status != TaskStatus.PAUSED.value)
    .limit(1)
)


class WaitingFor(StrEnum):
    """What a task waits for."""

    FREE_SLOT = "FreeSlot"
    ACCOUNT_TASKS = "AccountRunningTasks"
    ALL_TASKS = "AllRunningTasks"
    START = "Start"
    RESUME = "Resume"

    @property
    def sentence(self) -> str:
        """What it waits for, in a sentence."""
        return _SENTENCES[self]


_SENTENCES: Mapping[WaitingFor, str] = {
    WaitingFor.FREE_SLOT: "It waits for a free slot of a worker.",
    WaitingFor.ACCOUNT_TASKS: "It waits for a task of the account to end: as many run as the "
    "account may have running.",
    WaitingFor.ALL_TASKS: "It waits for any task to end: as many run as may run in all.",
    WaitingFor.START: "A worker has taken it up, and is about to begin.",
    WaitingFor.RESUME: "It is paused, and waits for ResumeTask.",
}


@dataclass(frozen=True)
class Place:
    """Where a task waits.

    Attributes:
        number: The tasks that are taken up before it, as things stand, and itself; 0 where it
            does not wait to be taken up.
        waiting_for: What it waits for.
    """

    number: int
    waiting_for: WaitingFor


def is_empty(connection: sa.Connection) -> bool:
    """Whether no task is in the line, not even one that a limit keeps there."""
    return connection.execute(_ANY_IN_LINE).first() is None


def is_any(connection: sa.Connection, limits: Limits) -> bool:
    """Whether a task may be taken up."""
    if _had_before(connection, 1):
        return True
    running = _running(connection)
    return turns.next_account(_lines(connection, running, limits), limits, running) is not None


def take(connection: sa.Connection, limits: Limits, room: int) -> Sequence[Task]:
    """Take tasks out of the line, the next ones first: they are to be handed to a worker.

    Args:
        connection: A transaction that has :data:`LOCK` to itself.
        limits: How many may run.
        room: How many are taken at the most.
    """
    taken = [task for task in _had_before(connection, room) if _leave(connection, task)]
    running = _running(connection)
    lines = {line.account_id: line for line in _lines(connection, running, limits)}
    while len(taken) < room and (account := turns.next_account(lines.values(), limits, running)):
        task = _head(connection, account)
        if task is None:
            del lines[account]
        elif _leave(connection, task):
            taken.append(task)
            running[account] = running.get(account, 0) + 1
            turn = _give_turn(connection, account)
            lines[account] = replace(lines[account], running=running[account], turn=turn)
    return taken


def places(
    connection: sa.Connection, wanted: Sequence[ListedTask], limits: Limits
) -> Mapping[str, Place]:
    """Where each of the tasks waits; those that do not wait have no place."""
    found = {
        task.task_id: Place(0, WaitingFor.RESUME)
        for task in wanted
        if task.status is TaskStatus.PAUSED
    }
    waiting = [task for task in wanted if task.status is TaskStatus.WAITING]
    if not waiting:
        return found
    running = _running(connection)
    lines = {line.account_id: line for line in _lines(connection, running, limits, counted=True)}
    ranks = _ranks(connection, waiting)
    for task in waiting:
        line, rank = lines.get(task.account_id), ranks.get(task.task_id)
        if line is None or rank is None:
            found[task.task_id] = Place(0, WaitingFor.START)
            continue
        others = [other for other in lines.values() if other is not line]
        found[task.task_id] = Place(turns.place(line, rank, others), _reason(line, running, limits))
    return found


def count(connection: sa.Connection, account_id: str, most: int) -> int:
    """How many tasks of an account are in the line; those beyond ``most`` are not counted."""
    some = sa.select(tasks.c.sequence).where(_IN_LINE, tasks.c.account_id == account_id)
    return connection.execute(
        sa.select(sa.func.count()).select_from(some.limit(most).subquery())
    ).scalar_one()


def count_running(connection: sa.Connection, account_id: str) -> int:
    """How many tasks of an account are with a worker and have not ended."""
    return connection.execute(
        sa.select(sa.func.count()).where(_RUNNING, tasks.c.account_id == account_id)
    ).scalar_one()


def _reason(line: Line, running: Mapping[str, int], limits: Limits) -> WaitingFor:
    if limits.are_reached_by(line):
        return WaitingFor.ACCOUNT_TASKS
    if limits.are_reached(running):
        return WaitingFor.ALL_TASKS
    return WaitingFor.FREE_SLOT


def _had_before(connection: sa.Connection, most: int) -> Sequence[Task]:
    """Tasks that a worker has had, and is to go on with, or whose leavings are to be taken away."""
    rows = connection.execute(
        sa.select(*WHOLE_TASK.columns)
        .where(tasks.c.queued, tasks.c.status.in_([TaskStatus.PROCESSING.value, *ENDED]))
        .limit(most)
    )
    return [WHOLE_TASK.task(row) for row in rows]


def _head(connection: sa.Connection, account_id: str) -> Task | None:
    row = connection.execute(
        sa.select(*WHOLE_TASK.columns)
        .where(_IN_LINE, tasks.c.account_id == account_id)
        .order_by(tasks.c.priority, tasks.c.sequence)
        .limit(1)
    ).one_or_none()
    return None if row is None else WHOLE_TASK.task(row)


def _leave(connection: sa.Connection, task: Task) -> bool:
    """Take a task out of the line, unless somebody has paused or ended it just now."""
    result = connection.execute(
        sa.update(tasks)
        .where(tasks.c.task_id == task.task_id, tasks.c.queued, tasks.c.status == task.status.value)
        .values(queued=False)
    )
    return result.rowcount == 1


def _give_turn(connection: sa.Connection, account_id: str) -> int:
    last = connection.execute(sa.select(sa.func.max(account_turns.c.turn))).scalar_one()
    turn = (last or 0) + 1
    upsert(connection, account_turns, {"account_id": account_id, "turn": turn})
    return turn


def _running(connection: sa.Connection) -> dict[str, int]:
    """How many tasks of each account are with a worker and have not ended."""
    rows = connection.execute(
        sa.select(tasks.c.account_id, sa.func.count().label("running"))
        .where(_RUNNING)
        .group_by(tasks.c.account_id)
    )
    return {row.account_id: row.running for row in rows}


def _lines(
    connection: sa.Connection,
    running: Mapping[str, int],
    limits: Limits,
    *,
    counted: bool = False,
) -> Sequence[Line]:
    """The lines of all accounts; how long they are, only where it is asked for."""
    found = (_lengths() if counted else _accounts()).subquery()
    turn = sa.func.coalesce(account_turns.c.turn, 0).label("turn")
    rows = connection.execute(
        sa.select(found, turn).outerjoin_from(
            found, account_turns, account_turns.c.account_id == found.c.account_id
        )
    )
    return [
        Line(
            row.account_id,
            row.waiting,
            running.get(row.account_id, 0),
            row.turn,
            limits.share(row.account_id),
        )
        for row in rows
    ]


def _lengths() -> sa.Select[str, int]:
    """The accounts that have tasks in the line, and how many."""
    return (
        sa.select(tasks.c.account_id, sa.func.count().label("waiting"))
        .where(_IN_LINE)
        .group_by(tasks.c.account_id)
    )


def _accounts() -> sa.Select[str, int]:
    """The accounts that have tasks in the line, however many: at least one."""
    found = each_value(tasks.c.account_id, _IN_LINE).subquery()
    return sa.select(found.c.value.label("account_id"), sa.literal(1).label("waiting"))


def _ranks(connection: sa.Connection, waiting: Sequence[ListedTask]) -> Mapping[str, int]:
    """The place of each task that is in the line within its account."""
    groups: dict[tuple[str, int], list[ListedTask]] = {}
    for task in waiting:
        groups.setdefault((task.account_id, task.priority), []).append(task)
    ranks: dict[str, int] = {}
    for tasks_of_one in groups.values():
        ranks |= _ranks_of_group(connection, tasks_of_one)
    return ranks


def _ranks_of_group(connection: sa.Connection, group: Sequence[ListedTask]) -> Mapping[str, int]:
    """The places of tasks of one account and priority: of the line, only what is between them.

    Those before the first one are counted; to give each a number takes ten times as long.
    """
    sequences = [task.sequence for task in group]
    of_account = sa.and_(_IN_LINE, tasks.c.account_id == group[0].account_id)
    of_priority = sa.and_(of_account, tasks.c.priority == group[0].priority)
    before = _number_of(
        connection,
        sa.and_(of_account, tasks.c.priority < group[0].priority),
        sa.and_(of_priority, tasks.c.sequence < min(sequences)),
    )
    rank = sa.func.row_number().over(order_by=tasks.c.sequence)
    ranked = (
        sa.select(tasks.c.task_id, rank.label("rank"))
        .where(of_priority, tasks.c.sequence.between(min(sequences), max(sequences)))
        .subquery()
    )
    rows = connection.execute(
        sa.select(ranked).where(ranked.c.task_id.in_([task.task_id for task in group]))
    )
    return {row.task_id: before + row.rank for row in rows}


def _number_of(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> int:
    counts = (
        sa.select(sa.func.count()).select_from(tasks).where(condition).scalar_subquery()
        for condition in conditions
    )
    number: int = connection.execute(sa.select(sum(counts, sa.literal(0)))).scalar_one()
    return number
