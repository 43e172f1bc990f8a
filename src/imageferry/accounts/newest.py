"""What is kept of an account by number: its newest rows."""

from __future__ import annotations

import sqlalchemy as sa


def keep_newest(connection: sa.Connection, table: sa.Table, account_id: str, most: int) -> None:
    """Remove all but an account's newest rows.

    Args:
        connection: The transaction to do it in.
        table: Has the columns ``account_id`` and ``time``.
        account_id: Whose.
        most: How many are kept.
    """
    mine = table.c.account_id == account_id
    first_too_many = (
        sa.select(table.c.time)
        .where(mine)
        .order_by(table.c.time.desc())
        .offset(most)
        .limit(1)
        .scalar_subquery()
    )
    connection.execute(sa.delete(table).where(mine, table.c.time <= first_too_many))
