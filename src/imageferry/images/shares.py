"""Every question and change of shares: which other accounts may see and use an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from imageferry.database.metadata import now
from imageferry.images.tables import image_shares


@dataclass(frozen=True)
class Share:
    """An account that an image is shared with."""

    account_id: str
    shared: datetime


def of_image(connection: sa.Connection, image_id: str) -> Sequence[Share]:
    """The accounts that an image is shared with, in the order they got it."""
    rows = connection.execute(
        sa.select(image_shares.c.account_id, image_shares.c.shared)
        .where(image_shares.c.image_id == image_id)
        .order_by(image_shares.c.shared, image_shares.c.account_id)
    )
    return [Share(*row) for row in rows]


def add(connection: sa.Connection, image_id: str, account_id: str) -> None:
    """Share an image with an account that does not have it yet."""
    connection.execute(
        sa.insert(image_shares).values(image_id=image_id, account_id=account_id, shared=now())
    )


def remove(connection: sa.Connection, image_id: str, account_ids: Sequence[str]) -> None:
    """End the sharing of an image with accounts; no error where one does not have it."""
    connection.execute(
        sa.delete(image_shares).where(
            image_shares.c.image_id == image_id, image_shares.c.account_id.in_(account_ids)
        )
    )


def shared_ids(connection: sa.Connection, image_ids: Sequence[str]) -> set[str]:
    """Those of the images that are shared with anybody."""
    return set(
        connection.execute(
            sa.select(image_shares.c.image_id).where(image_shares.c.image_id.in_(image_ids))
        ).scalars()
    )


def images_shared_with(account_id: str) -> sa.Select[tuple[str]]:
    """The ids of the images that others share with an account."""
    return sa.select(image_shares.c.image_id).where(image_shares.c.account_id == account_id)
