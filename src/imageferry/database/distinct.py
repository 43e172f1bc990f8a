"""The values of a column, in as many looks at an index as there are values."""

from __future__ import annotations

from typing import TypeVar

import sqlalchemy as sa

_Value = TypeVar("_Value")


def each_value(
    column: sa.ColumnElement[_Value], *conditions: sa.ColumnElement[bool]
) -> sa.Select[_Value]:
    """Select each value of a column once, as ``value``.

    The least value is looked up, then the least above it, and so on, while ``DISTINCT`` reads
    every row; see https://wiki.postgresql.org/wiki/Loose_indexscan.

    Args:
        column: The column. An index begins with it, behind what the conditions compare.
        conditions: Which rows count.
    """
    least = sa.func.min(column)
    walk = sa.select(least.label("value")).where(*conditions).cte("walk", recursive=True)
    following = sa.select(least).where(*conditions, column > walk.c.value)
    walk = walk.union_all(sa.select(following.scalar_subquery()).where(walk.c.value.is_not(None)))
    return sa.select(walk.c.value).where(walk.c.value.is_not(None))
