"""Windows of long lists: the tasks next to a place, read without those around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import sqlalchemy as sa

from imageferry.tasks.forms import AnyTask, Form
from imageferry.tasks.places import Shape, Survey
from imageferry.tasks.tables import tasks


def read(
    connection: sa.Connection,
    found: Survey,
    form: Form[AnyTask],
    size: int,
    *,
    oldest: int = 0,
    newest: int | None = None,
    upwards: bool = False,
) -> Sequence[AnyTask]:
    """So many tasks of a selection, newest first: the newest within bounds, or the oldest.

    Args:
        connection: The transaction of the survey.
        found: What is known of the selection.
        form: What is read of each task.
        size: The most tasks.
        oldest: The lowest sequence that counts.
        newest: The highest sequence that counts; ``None`` for any.
        upwards: Whether the oldest are meant.
    """
    if not found.runs:
        return []
    ends = found.runs[-1].oldest, found.runs[0].newest
    selection = replace(
        found.selection,
        actions=tuple(action for action, _ in found.kinds),
        statuses=tuple(status for _, status in found.kinds),
        oldest=max(oldest, ends[0]),
        newest=ends[1] if newest is None else min(newest, ends[1]),
    )
    chosen = _chosen(len(found.kinds), form, is_timed=selection.is_timed, upwards=upwards)
    rows = connection.execute(chosen, {**selection.values, "size": size}).all()
    return [form.task(row) for row in rows]


def rows_of(sequences: sa.Select[int], form: Form[AnyTask]) -> sa.Select[tuple[object, ...]]:
    """The tasks of some sequences, newest first."""
    rows: sa.Select[tuple[object, ...]] = sa.select(*form.columns)
    return rows.where(tasks.c.sequence.in_(sequences)).order_by(tasks.c.sequence.desc())


@cache
def _chosen(
    kinds: int, form: Form[AnyTask], *, is_timed: bool, upwards: bool
) -> sa.Select[tuple[object, ...]]:
    """The first tasks of so many kinds, each an action and a status; of all where it is none.

    The tasks of each kind lie in one index in their order, so the first of all kinds together
    are among the first of each. Those of all kinds lie in another index.
    """
    all_kinds = sa.select(tasks.c.sequence).where(Shape(0, 0, is_timed=is_timed).where())
    if not kinds:
        return rows_of(_first(all_kinds, upwards=upwards), form)
    each = (_first(all_kinds.where(_is_of_kind(n)), upwards=upwards) for n in range(kinds))
    of_each = sa.union_all(*(sa.select(first.subquery().c.sequence) for first in each))
    return rows_of(_first(sa.select(of_each.subquery().c.sequence), upwards=upwards), form)


def _is_of_kind(number: int) -> sa.ColumnElement[bool]:
    return sa.and_(
        tasks.c.action == sa.bindparam(f"action_{number}"),
        tasks.c.status == sa.bindparam(f"status_{number}"),
    )


def _first(sequences: sa.Select[int], *, upwards: bool) -> sa.Select[int]:
    (sequence,) = sequences.selected_columns
    order = sequence.asc() if upwards else sequence.desc()
    return sequences.order_by(order).limit(sa.bindparam("size"))
