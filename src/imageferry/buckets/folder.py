"""The store that needs nothing but a folder.

``root/BUCKET/`` holds the objects, one file each, for the user to see and to
copy files into. ``root/.imageferry/`` holds the rest: what is being written,
uploads, and what is known of the objects besides their bytes. It all has to be
on one file system, because an object appears by a rename.
"""

from __future__ import annotations

import copy
import os
import shutil
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from imageferry.buckets import folder_upload
from imageferry.buckets.files import TEMPORARY_PREFIX, is_abandoned, locked, write_new
from imageferry.buckets.folder_bucket import FolderBucket
from imageferry.buckets.folder_objects import BucketFolders, ObjectFiles
from imageferry.buckets.folder_upload import discard_folder
from imageferry.buckets.interface import (
    BucketExistsError,
    BucketInfo,
    BucketNotEmptyError,
    BucketNotFoundError,
    UploadNotFoundError,
)
from imageferry.buckets.interruption import Interruption
from imageferry.buckets.names import check_bucket_name


class _BucketRecord(msgspec.Struct, frozen=True, kw_only=True):
    region: str
    owner: str
    created: datetime


class FolderStore:
    """All buckets below one folder, which is made where it is missing.

    Args:
        root: The folder.
        durable: Whether every object that was put must survive a power cut, the small ones too.
    """

    def __init__(self, root: Path, *, durable: bool = True) -> None:
        self._root = root
        self._durable = durable
        self._interruption = Interruption()
        hidden = root / ".imageferry"
        self._states = hidden / "buckets"
        self._trash = hidden / "trash"
        self._lock = hidden / "lock"
        for folder in (self._states, self._trash):
            folder.mkdir(parents=True, exist_ok=True)
        self._lock.touch()

    def check(self) -> None:
        """Make sure that the folder can be written to."""
        os.utime(self._lock)

    def buckets(self) -> Sequence[BucketInfo]:
        """Every bucket, by name."""
        found = []
        for folders in self._all():
            with suppress(BucketNotFoundError):
                found.append(_read(folders))
        return found

    def bucket(self, name: str) -> FolderBucket:
        """The bucket of that name.

        Raises:
            BucketNotFoundError: there is none.
        """
        folders = BucketFolders(self._root, name)
        return FolderBucket(
            folders, _read(folders), durable=self._durable, interruption=self._interruption
        )

    def until(self, interruption: Interruption) -> FolderStore:
        """This store for work whose reads and writes end when they are told to."""
        store = copy.copy(self)
        store._interruption = interruption
        return store

    def create_bucket(self, name: str, *, region: str, owner: str) -> FolderBucket:
        """Make a bucket. A folder that has its name and is no bucket yet becomes it.

        Raises:
            InvalidBucketNameError: the name breaks OSS's rules.
            BucketExistsError: the name is taken.
        """
        check_bucket_name(name)
        folders = BucketFolders(self._root, name)
        with locked(self._lock):
            if folders.exist():
                raise BucketExistsError(f"there is a bucket {name!r} already")
            discard_folder(folders.state, self._trash)
            folders.objects.mkdir(exist_ok=True)
            for folder in (folders.temporary, folders.sidecars, folders.uploads):
                folder.mkdir(parents=True)
            record = _BucketRecord(region=region, owner=owner, created=datetime.now(UTC))
            write_new(folders.description, msgspec.json.encode(record))
            return self.bucket(name)

    def delete_bucket(self, name: str) -> None:
        """Delete an empty bucket.

        Raises:
            BucketNotFoundError: there is none.
            BucketNotEmptyError: it holds objects or uploads.
        """
        folders = BucketFolders(self._root, name)
        with locked(self._lock):
            _read(folders)
            ObjectFiles(folders).remove_empty_folders()
            try:
                folders.uploads.rmdir()
                folders.objects.rmdir()
            except OSError:
                folders.uploads.mkdir(exist_ok=True)
                raise BucketNotEmptyError(f"the bucket {name!r} is not empty") from None
            discard_folder(folders.state, self._trash)

    def sweep(
        self,
        older_than: timedelta,
        keep: Collection[str] = (),  # noqa: ARG002 - a draft is a file of whoever makes it
    ) -> int:
        """Remove what crashes left, and uploads that nobody has touched for long.

        Files that are being written are told by their locks and stay.

        Args:
            older_than: How long something must not have changed to be removed; what a dead
                process was writing is removed at once.
            keep: Not used here.

        Returns:
            How many left-overs were removed.
        """
        before = time.time() - older_than.total_seconds()
        removed = _emptied(self._trash, before)
        for folders in self._all():
            objects = ObjectFiles(folders)
            removed += _aborted(folders, objects, before)
            removed += _emptied(folders.temporary, before)
            removed += _without_writer(folders.state)
            removed += objects.forget_stale_sidecars(before)
        return removed

    def _all(self) -> Iterator[BucketFolders]:
        for state in sorted(self._states.iterdir()):
            yield BucketFolders(self._root, state.name)


def _read(folders: BucketFolders) -> BucketInfo:
    folders.check()
    try:
        record = msgspec.json.decode(folders.description.read_bytes(), type=_BucketRecord)
    except FileNotFoundError:
        raise BucketNotFoundError(f"there is no bucket {folders.name!r}") from None
    return BucketInfo(folders.name, record.region, record.owner, record.created)


def _aborted(folders: BucketFolders, objects: ObjectFiles, before: float) -> int:
    aborted = 0
    for upload in folder_upload.every(folders, objects):
        with suppress(UploadNotFoundError, FileNotFoundError):
            if upload.last_change() < before:
                upload.abort()
                aborted += 1
    return aborted


def _emptied(folder: Path, before: float) -> int:
    """Remove the folders that were on their way in or out."""
    removed = 0
    with suppress(FileNotFoundError):
        for path in folder.iterdir():
            if path.is_dir() and path.lstat().st_mtime < before:
                shutil.rmtree(path, ignore_errors=True)
                removed += 1
    return removed


def _without_writer(state: Path) -> int:
    """Remove the temporary files whose writer is gone, however new they are."""
    removed = 0
    with suppress(FileNotFoundError):
        for path in state.rglob(f"{TEMPORARY_PREFIX}*"):
            if is_abandoned(path):
                path.unlink()
                removed += 1
    return removed
