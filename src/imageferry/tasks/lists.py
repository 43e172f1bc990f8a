"""Lists of tasks as the API gives them: pages by number, newest first, of any length."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from imageferry.database.metadata import LARGEST_INTEGER, now
from imageferry.database.upsert import upsert
from imageferry.tasks import places, windows
from imageferry.tasks.forms import LISTED_TASK
from imageferry.tasks.model import ListedTask, TaskAction, TaskStatus
from imageferry.tasks.places import Selection
from imageferry.tasks.tables import task_lists, tasks

LIST_KEPT_FOR = timedelta(minutes=10)
"""How long the later pages of a list go with its first one."""

BEGUN_ANEW_AFTER = timedelta(minutes=1)
"""How long a first page that is asked for again and again without a new task is not noted anew."""


_COMPARED = ("sequence", "account_id", "region_id", "action", "status", "created")
"""The columns that a :class:`~imageferry.tasks.places.Selection` has conditions for."""


_BEGUN = sa.select(task_lists.c.newest_sequence).where(
    task_lists.c.account_id == sa.bindparam("account_id"),
    task_lists.c.fingerprint == sa.bindparam("fingerprint"),
    task_lists.c.begun > sa.bindparam("begun"),
)


@dataclass(frozen=True, kw_only=True)
class TaskFilter:
    """Which tasks are meant: of those that the API tells, all that meet every condition.

    An empty or absent condition does not narrow the choice.

    ``created_from`` and ``created_to`` are both inclusive.
    """

    account_id: str
    region_id: str
    task_ids: tuple[str, ...] = ()
    resource_ids: tuple[str, ...] = ()
    action: str = ""
    status: TaskStatus | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None


@dataclass(frozen=True)
class Page:
    """One page of a list, and how many tasks the whole list has."""

    tasks: Sequence[ListedTask]
    total: int


def page(
    connection: sa.Connection, condition: TaskFilter, *, number: int, size: int, anchor: int | None
) -> Page:
    """One page of the tasks that are meant, newest first.

    Args:
        connection: A transaction that sees one state throughout.
        condition: Which tasks are meant.
        number: The page, from 1.
        size: The tasks on a page.
        anchor: The newest task that counts, by its sequence; ``None`` for all.
    """
    selection = _selection(condition, anchor)
    if not selection.actions:
        return Page([], 0)
    place = min((number - 1) * size, LARGEST_INTEGER)
    if condition.task_ids or condition.resource_ids:
        return _page_of_named(connection, condition, selection, place, size)
    found = places.survey(connection, selection)
    newest = places.sequence_at(connection, found, place)
    if newest is None:
        return Page([], found.total)
    return Page(windows.read(connection, found, LISTED_TASK, size, newest=newest), found.total)


def list_anchor(connection: sa.Connection, condition: TaskFilter) -> int | None:
    """The newest task when the list's first page was given, if that is not long ago."""
    return _begun(connection, condition, LIST_KEPT_FOR)


def is_begun(connection: sa.Connection, condition: TaskFilter, newest_sequence: int) -> bool:
    """Whether a list need not begin anew with that newest task, as it has just done so."""
    return _begun(connection, condition, BEGUN_ANEW_AFTER) == newest_sequence


def begin_list(connection: sa.Connection, condition: TaskFilter, newest_sequence: int) -> None:
    """Remember the newest task of a first page, so that later pages neither repeat nor skip."""
    moment = now()
    connection.execute(sa.delete(task_lists).where(task_lists.c.begun <= moment - LIST_KEPT_FOR))
    upsert(
        connection,
        task_lists,
        {
            "account_id": condition.account_id,
            "fingerprint": _fingerprint(condition),
            "newest_sequence": newest_sequence,
            "begun": moment,
        },
    )


def _selection(condition: TaskFilter, anchor: int | None) -> Selection:
    told = (action.value for action in TaskAction if action.told)
    return Selection(
        account_id=condition.account_id,
        region_id=condition.region_id,
        actions=tuple(name for name in told if condition.action in ("", name)),
        statuses=() if condition.status is None else (condition.status.value,),
        newest=places.NEWEST if anchor is None else anchor,
        created_from=condition.created_from or places.BEGINNING,
        created_to=condition.created_to or places.END,
    )


def _page_of_named(
    connection: sa.Connection, condition: TaskFilter, selection: Selection, place: int, size: int
) -> Page:
    """A page of tasks that are named, or whose images are: those are found by their names alone."""
    named = sa.select(*(tasks.c[name] for name in _COMPARED))
    if condition.task_ids:
        named = named.where(tasks.c.task_id.in_(condition.task_ids))
    if condition.resource_ids:
        named = named.where(tasks.c.resource_id.in_(condition.resource_ids))
    # Without the word, a database may put the conditions together and walk all of an account's.
    found = named.cte("named").prefix_with("MATERIALIZED")
    chosen = sa.select(found.c.sequence).where(selection.shape.where(found))
    total = connection.execute(
        sa.select(sa.func.count()).select_from(chosen.subquery()), selection.values
    ).scalar_one()
    sequences = chosen.order_by(found.c.sequence.desc()).offset(place).limit(size)
    rows = connection.execute(windows.rows_of(sequences, LISTED_TASK), selection.values)
    return Page([LISTED_TASK.task(row) for row in rows], total)


def _begun(connection: sa.Connection, condition: TaskFilter, within: timedelta) -> int | None:
    values = {
        "account_id": condition.account_id,
        "fingerprint": _fingerprint(condition),
        "begun": now() - within,
    }
    return connection.execute(_BEGUN, values).scalar_one_or_none()


def _fingerprint(condition: TaskFilter) -> str:
    return hashlib.sha256(repr(condition).encode()).hexdigest()
