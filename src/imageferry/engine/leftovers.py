"""Files that no task and no image has: what a crash at the worst moment may leave.

Every task takes its own files away, also after a crash. What is found here was
left by a machine that never came back, or is not ours.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from imageferry.buckets.interface import Bucket
from imageferry.database.connection import Database
from imageferry.images import queries as images
from imageferry.images.model import image_of_key
from imageferry.tasks import queries as tasks


@dataclass(frozen=True)
class Leftovers:
    """What belongs to nobody.

    Attributes:
        scratch: Folders of tasks that have ended.
        catalogue: Keys of disks whose image is gone.
    """

    scratch: tuple[Path, ...]
    catalogue: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.scratch or self.catalogue)


def find(database: Database, catalogue: Bucket, scratch: Path) -> Leftovers:
    """Look for files that belong to nobody.

    Files are listed before rows are read: what is made meanwhile is not taken for a leftover.
    """
    folders = sorted(scratch.glob("*/*"))
    keys = [stored.key for stored in catalogue.list()]
    with database.read() as connection:
        active = tasks.active(connection)
        kept = images.keep_ids(connection, sorted({image_of_key(key) for key in keys}))
    return Leftovers(
        scratch=tuple(folder for folder in folders if folder.name not in active),
        catalogue=tuple(key for key in keys if image_of_key(key) not in kept),
    )


def remove(leftovers: Leftovers, catalogue: Bucket) -> None:
    """Take them away."""
    for folder in leftovers.scratch:
        shutil.rmtree(folder, ignore_errors=True)
    for key in leftovers.catalogue:
        catalogue.delete(key)
