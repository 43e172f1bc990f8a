"""The names of images, for lists of what is done with them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import sqlalchemy as sa

from imageferry.images.tables import images


def of_images(connection: sa.Connection, image_ids: Collection[str]) -> Mapping[str, str]:
    """The name of each of the images that is there."""
    rows = connection.execute(
        sa.select(images.c.image_id, images.c.name).where(images.c.image_id.in_(image_ids))
    )
    return {row.image_id: row.name for row in rows}


def search(connection: sa.Connection, account_id: str, part: str, *, limit: int) -> list[str]:
    """The account's newest images whose name holds a text, without regard to case."""
    found = connection.execute(
        sa.select(images.c.image_id)
        .where(
            images.c.account_id == account_id,
            images.c.name.icontains(part, autoescape=True),
        )
        .order_by(images.c.created.desc())
        .limit(limit)
    )
    return list(found.scalars())
