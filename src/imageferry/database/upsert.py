"""Writing a row whether or not one of its key is there, also when two do so at the same time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def upsert(connection: sa.Connection, table: sa.Table, values: Mapping[str, Any]) -> None:
    """Add a row, or give the row that has its primary key the other values."""
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)
    key = {column.name for column in table.primary_key}
    rest = {name: value for name, value in values.items() if name not in key}
    connection.execute(insert.values(values).on_conflict_do_update(index_elements=key, set_=rest))
