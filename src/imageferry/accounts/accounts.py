"""Which accounts there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from imageferry.accounts.tables import accounts


@dataclass(frozen=True)
class Account:
    """Whom images, tasks and keys belong to."""

    account_id: str
    name: str


def every(connection: sa.Connection) -> Sequence[Account]:
    """All accounts, oldest first."""
    rows = connection.execute(
        sa.select(accounts.c.account_id, accounts.c.name).order_by(accounts.c.created)
    )
    return [Account(**row._mapping) for row in rows]


def find(connection: sa.Connection, id_or_name: str) -> Account | None:
    """The account of that id or name; of several of a name the oldest."""
    found = [item for item in every(connection) if id_or_name in {item.account_id, item.name}]
    return next(iter(found), None)


def known(connection: sa.Connection, account_ids: Sequence[str]) -> set[str]:
    """Those of the ids that are accounts."""
    return set(
        connection.execute(
            sa.select(accounts.c.account_id).where(accounts.c.account_id.in_(account_ids))
        ).scalars()
    )
