"""Files that no task and no image has: what a crash at the worst moment may leave.

Every task takes its own files away, also after a crash. What is found here was
left by a machine that never came back, or is not ours.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from imageferry.buckets.interface import Bucket, BucketNotFoundError, Store
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


@dataclass(frozen=True)
class StagedLeftover:
    """What a task that has ended has sent to a store, and nobody took back.

    Attributes:
        bucket: Where it is.
        task_id: The task.
    """

    bucket: Bucket
    task_id: str


def find(database: Database, catalogue: Bucket, scratch: Path) -> Leftovers:
    """Look for files that belong to nobody.

    Files are listed before rows are read: what is made meanwhile is not taken for a leftover.
    """
    folders = _folders(scratch)
    keys = [stored.key for stored in catalogue.list()]
    with database.read() as connection:
        kept = images.keep_ids(connection, sorted({image_of_key(key) for key in keys}))
    return Leftovers(
        scratch=_of_ended_tasks(database, folders),
        catalogue=tuple(key for key in keys if image_of_key(key) not in kept),
    )


def every_bucket(store: Store, catalogue: Bucket) -> Iterator[Bucket]:
    """The catalogue, and every bucket."""
    yield catalogue
    for info in store.buckets():
        with suppress(BucketNotFoundError):
            yield store.bucket(info.name)


def find_staged(database: Database, buckets: Iterable[Bucket]) -> list[StagedLeftover]:
    """Look for uploads of tasks that have ended, in the same order.

    Those of tasks that nobody knows here may be another installation's, in buckets of both.
    """
    found = [
        StagedLeftover(bucket, task_id) for bucket in buckets for task_id in sorted(bucket.staged())
    ]
    with database.read() as connection:
        known = tasks.find_all(connection, {leftover.task_id for leftover in found})
    ended = {task.task_id for task in known if task.status.ended}
    return [leftover for leftover in found if leftover.task_id in ended]


def remove(leftovers: Leftovers, catalogue: Bucket) -> None:
    """Take them away."""
    _remove_folders(leftovers.scratch)
    for key in leftovers.catalogue:
        catalogue.delete(key)


def remove_staged(staged: Iterable[StagedLeftover]) -> None:
    """Take them back."""
    for leftover in staged:
        leftover.bucket.leavings(leftover.task_id).discard()


def remove_scratch(database: Database, scratch: Path) -> Sequence[Path]:
    """Take the folders of ended tasks away, and return them.

    A worker that was killed has left them, and its tasks were gone on with elsewhere.
    """
    found = _of_ended_tasks(database, _folders(scratch))
    _remove_folders(found)
    return found


def _folders(scratch: Path) -> Sequence[Path]:
    return sorted(scratch.glob("*/*"))


def _of_ended_tasks(database: Database, folders: Sequence[Path]) -> tuple[Path, ...]:
    if not folders:
        return ()
    with database.read() as connection:
        active = tasks.active(connection)
    return tuple(folder for folder in folders if folder.name not in active)


def _remove_folders(folders: Iterable[Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
