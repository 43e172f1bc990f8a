"""Every question and change of snapshots.

A snapshot is the name of a disk of an image. Its bytes are the image's and go
with it; the name stays, with its tags, until it is deleted itself: clients
delete an image first and its snapshots after it.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from imageferry.images import tags
from imageferry.images.model import Image
from imageferry.images.tables import image_disks, snapshots


def insert(connection: sa.Connection, image: Image) -> None:
    """Add the snapshots of an image's disks."""
    for disk in image.disks:
        connection.execute(
            sa.insert(snapshots).values(
                snapshot_id=disk.snapshot_id,
                account_id=image.account_id,
                region_id=image.region_id,
            )
        )


def own_ids(
    connection: sa.Connection, snapshot_ids: Sequence[str], account_id: str, region_id: str
) -> set[str]:
    """Those of the ids that are snapshots of the account in the region."""
    return set(
        connection.execute(
            sa.select(snapshots.c.snapshot_id).where(
                snapshots.c.snapshot_id.in_(snapshot_ids),
                snapshots.c.account_id == account_id,
                snapshots.c.region_id == region_id,
            )
        ).scalars()
    )


def owner(connection: sa.Connection, snapshot_id: str) -> str | None:
    """The account that has the snapshot; ``None`` where there is no such snapshot."""
    return connection.execute(
        sa.select(snapshots.c.account_id).where(snapshots.c.snapshot_id == snapshot_id)
    ).scalar_one_or_none()


def image_of(connection: sa.Connection, snapshot_id: str) -> str | None:
    """The image that is made of the snapshot; ``None`` where it is gone."""
    return connection.execute(
        sa.select(image_disks.c.image_id).where(image_disks.c.snapshot_id == snapshot_id)
    ).scalar_one_or_none()


def of_image(connection: sa.Connection, image_id: str) -> Sequence[str]:
    """The snapshots of an image."""
    return (
        connection.execute(
            sa.select(image_disks.c.snapshot_id).where(image_disks.c.image_id == image_id)
        )
        .scalars()
        .all()
    )


def delete(connection: sa.Connection, snapshot_ids: Sequence[str]) -> None:
    """Forget snapshots and their tags."""
    tags.remove(connection, snapshot_ids)
    connection.execute(sa.delete(snapshots).where(snapshots.c.snapshot_id.in_(snapshot_ids)))
