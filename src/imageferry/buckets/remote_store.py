"""A store below a prefix of one bucket of S3, of OSS, or of anything that speaks like them.

A bucket is a small record and the objects below its name, so any number of them
needs one remote bucket only, and no right to make buckets.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import msgspec

from imageferry.buckets.interface import (
    BucketExistsError,
    BucketInfo,
    BucketNotEmptyError,
    BucketNotFoundError,
    ObjectNotFoundError,
    UploadNotFoundError,
)
from imageferry.buckets.interruption import Interruption
from imageferry.buckets.names import check_bucket_name, is_bucket_name
from imageferry.buckets.remote import Remote
from imageferry.buckets.remote_bucket import RemoteBucket
from imageferry.buckets.remote_client import RemoteClient, RemoteUploadInfo
from imageferry.buckets.remote_paths import StorePaths
from imageferry.buckets.remote_small_parts import folder_of
from imageferry.buckets.remote_staged_uploads import discard_forgotten, recorded_ids
from imageferry.buckets.remote_transfer import Transfer
from imageferry.buckets.remote_upload import RemoteUpload


class _BucketRecord(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    region: str
    owner: str
    created: datetime


class RemoteStore:
    """All buckets below one prefix.

    Args:
        client: Makes the calls on the remote bucket.
        prefix: What the keys of everything begin with: empty, or ending in ``/``.
    """

    def __init__(self, client: RemoteClient, prefix: str = "") -> None:
        self._client = client
        self._paths = StorePaths(prefix)
        self._remote = Remote(client, Transfer(), self._paths.small_parts)

    def check(self) -> None:
        """Make sure that the store answers, by asking for an object that is not there."""
        with suppress(ObjectNotFoundError):
            self._client.head(self._paths.records + "-")

    def buckets(self) -> Sequence[BucketInfo]:
        """Every bucket, by name."""
        found = []
        for record in self._client.list(self._paths.records, ""):
            with suppress(ObjectNotFoundError):
                found.append(self._read(record.key))
        return sorted(found, key=lambda info: info.name)

    def bucket(self, name: str) -> RemoteBucket:
        """The bucket of that name.

        Raises:
            BucketNotFoundError: there is none.
        """
        paths = self._paths.bucket(name)
        try:
            if is_bucket_name(name):
                return RemoteBucket(self._remote, paths, self._read(paths.record))
        except ObjectNotFoundError:
            pass
        raise BucketNotFoundError(f"there is no bucket {name!r}")

    def until(self, interruption: Interruption) -> RemoteStore:
        """This store for work whose reads and writes end when they are told to."""
        store = copy.copy(self)
        store._remote = self._remote.until(interruption)
        return store

    def create_bucket(self, name: str, *, region: str, owner: str) -> RemoteBucket:
        """Make a bucket. Objects that are below its name already become its own.

        Not where the store has no prefix: there they are of somebody else, who uses the remote
        bucket too.

        Raises:
            InvalidBucketNameError: the name breaks OSS's rules.
            BucketExistsError: the name is taken.
        """
        check_bucket_name(name)
        folder = self._paths.bucket(name).objects
        if not self._paths.prefix and next(iter(self._client.list(folder, "")), None) is not None:
            raise BucketExistsError(f"there are objects below {folder!r} that are no bucket's")
        record = _BucketRecord(name=name, region=region, owner=owner, created=datetime.now(UTC))
        if not self._client.create(self._paths.bucket(name).record, msgspec.json.encode(record)):
            raise BucketExistsError(f"there is a bucket {name!r} already")
        return self.bucket(name)

    def delete_bucket(self, name: str) -> None:
        """Delete an empty bucket.

        What somebody puts into it at the very same moment is kept for a bucket
        that gets the name again.

        Raises:
            BucketNotFoundError: there is none.
            BucketNotEmptyError: it holds objects or uploads.
        """
        bucket = self.bucket(name)
        if next(iter(bucket.list()), None) is not None or bucket.uploads():
            raise BucketNotEmptyError(f"the bucket {name!r} is not empty")
        self._client.delete(self._paths.bucket(name).record)

    def sweep(self, older_than: timedelta, keep: Collection[str] = ()) -> int:
        """Take away what crashes and forgotten uploads left that long ago, and count it.

        Others may use the remote bucket too: uploads are looked at in buckets of this store only.

        Args:
            older_than: How long ago.
            keep: The tokens of drafts that somebody may go on with, however long ago that was.
        """
        before = datetime.now(UTC) - older_than
        removed = discard_forgotten(self._client, self._paths.staged, before, keep)
        kept = recorded_ids(self._client, self._paths.staged, keep)
        small_parts = [found.key for found in self._client.list(self._paths.small_parts, "")]
        uploads = list(self._client.uploads(self._paths.prefix))
        removed += self._without_upload(small_parts, [found.id for found in uploads])
        for found in self._in_buckets(uploads):
            if found.id in kept:
                continue
            upload = RemoteUpload(self._remote, "", found.key, found.id, found.started)
            with suppress(UploadNotFoundError):
                if upload.last_change() < before:
                    upload.abort()
                    removed += 1
        return removed

    def _in_buckets(self, uploads: Sequence[RemoteUploadInfo]) -> Sequence[RemoteUploadInfo]:
        records = self._client.list(self._paths.records, "") if uploads else ()
        folders = [self._paths.folder_of_record(record.key) for record in records]
        ours = (self._paths.hidden, *folders)
        return [upload for upload in uploads if upload.key.startswith(ours)]

    def _without_upload(self, keys: Sequence[str], upload_ids: Sequence[str]) -> int:
        """Remove small parts whose upload was gone after they were seen."""
        kept = {folder_of(self._remote, upload_id) for upload_id in upload_ids}
        orphans = [key for key in keys if key.rpartition("/")[0] + "/" not in kept]
        for key in orphans:
            self._client.delete(key)
        return len(orphans)

    def _read(self, key: str) -> BucketInfo:
        record = msgspec.json.decode(self._client.read(key), type=_BucketRecord)
        return BucketInfo(record.name, record.region, record.owner, record.created)
