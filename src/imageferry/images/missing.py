"""Images without their disks: what a file that somebody removed, or an old copy of them, leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from imageferry.buckets.interface import Bucket
from imageferry.database.connection import Database
from imageferry.images.model import ImageStatus, catalogue_key
from imageferry.images.tables import image_disks, images


def find(database: Database, catalogue: Bucket) -> Sequence[str]:
    """The ids of images that are made and have a disk that is not in the catalogue as it was.

    Rows are read before the disks are listed, as an image appears with its disks there, and
    once more after that, as its row goes before they do.
    """
    expected = _disks_of_made_images(database)
    found = {stored.key: stored.size for stored in catalogue.list()}
    odd = {key for key, (_, size) in expected.items() if found.get(key) != size}
    if not odd:
        return []
    still = _disks_of_made_images(database)
    return sorted({still[key][0] for key in odd if key in still})


def _disks_of_made_images(database: Database) -> Mapping[str, tuple[str, int]]:
    """For each key that the catalogue is to have: the image, and the disk's size in bytes."""
    made = [status.value for status in ImageStatus if status.made]
    with database.read() as connection:
        rows = connection.execute(
            sa.select(image_disks.c.image_id, image_disks.c.position, image_disks.c.stored_size)
            .join(images)
            .where(images.c.status.in_(made))
        )
        return {
            catalogue_key(image_id, position): (image_id, size) for image_id, position, size in rows
        }
