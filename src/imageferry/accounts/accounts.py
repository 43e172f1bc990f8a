"""Which accounts there are."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from imageferry.accounts.tables import accounts


def known(connection: sa.Connection, account_ids: Sequence[str]) -> set[str]:
    """Those of the ids that are accounts."""
    return set(
        connection.execute(
            sa.select(accounts.c.account_id).where(accounts.c.account_id.in_(account_ids))
        ).scalars()
    )
