"""Files whose bytes are in a remote store before anybody sees the object.

The bytes go into a multipart upload, which is completed when the object is to
appear. A small record in the store, kept under the token of whoever staged the
file, lets any machine take back what a crash left.
"""

from __future__ import annotations

import os
import secrets
import stat
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from imageferry.buckets.interface import (
    ObjectInfo,
    ObjectNotFoundError,
    StoreError,
    UploadNotFoundError,
)
from imageferry.buckets.remote_client import RemoteClient
from imageferry.buckets.remote_parts import file_parts, in_threads, read_exactly
from imageferry.buckets.remote_upload import RemoteUpload

_RECORD_SUFFIX = ".json"


class StagedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Where the bytes of a staged file are: the remote key and the id of the upload."""

    key: str
    upload_id: str


class RemoteStagedObject:
    """An object whose bytes are in the store, and which nobody sees yet.

    Args:
        client: The store's client.
        upload: The upload that has the bytes.
        parts: Its parts, as numbers and ETags.
        path: The local file.
        info: The object to be, under its remote key.
    """

    def __init__(
        self,
        client: RemoteClient,
        upload: RemoteUpload,
        parts: list[tuple[int, str]],
        path: Path,
        info: ObjectInfo,
    ) -> None:
        self._client = client
        self._upload = upload
        self._parts = parts
        self._path = path
        self._info = info

    def publish(self) -> ObjectInfo:
        """Let the object appear, and take the local file away.

        Raises:
            UploadNotFoundError: it was discarded.
        """
        try:
            etag = self._upload.finish(self._parts)
        except UploadNotFoundError:
            etag = self._already_published()
        self._path.unlink()
        return replace(self._info, key=self._upload.key, etag=etag)

    def discard(self) -> None:
        """Take the bytes out of the store; the local file stays."""
        with suppress(UploadNotFoundError):
            self._upload.abort()

    def _already_published(self) -> str:
        """The ETag of the object, where the answer to its completion was lost."""
        with suppress(ObjectNotFoundError):
            found = self._client.head(self._info.key)
            if (found.size, found.metadata) == (self._info.size, self._info.metadata):
                return found.etag
        raise UploadNotFoundError(f"the staged object {self._upload.key!r} was discarded")


def upload_file(
    upload: RemoteUpload, path: Path, progress: Callable[[int], None]
) -> tuple[int, list[tuple[int, str]]]:
    """Store a local file as the parts of an upload, several at a time.

    Args:
        upload: Where they go.
        path: The file, which nobody may be writing to.
        progress: Is told the bytes done; what it raises ends the work.

    Returns:
        The file's size in bytes, and the parts as numbers and ETags.
    """
    lock = threading.Lock()
    done = 0
    with _regular_file(path) as (fd, size):

        def store(part: tuple[int, int, int]) -> tuple[int, str]:
            nonlocal done
            number, offset, length = part
            progress(done)
            stored = upload.write_bytes(number, read_exactly(fd, offset, length))
            with lock:
                done += length
                progress(done)
            return number, stored.etag

        return size, in_threads(store, file_parts(size))


def write_record(client: RemoteClient, folder: str, record: StagedRecord) -> None:
    """Note an upload before its first part is stored."""
    name = f"{folder}{secrets.token_hex(16)}{_RECORD_SUFFIX}"
    client.create(name, msgspec.json.encode(record))


def discard_recorded(client: RemoteClient, folder: str, before: datetime | None = None) -> int:
    """End the uploads of records, remove the records and what lies beside them, and count these.

    Args:
        client: The store's client.
        folder: What the records' keys begin with.
        before: Only records written before it.
    """
    discarded = 0
    for found in list(client.list(folder, "")):
        if before is not None and found.modified >= before:
            continue
        if found.key.endswith(_RECORD_SUFFIX):
            _abort_recorded(client, found.key)
        client.delete(found.key)
        discarded += 1
    return discarded


def _abort_recorded(client: RemoteClient, key: str) -> None:
    with suppress(UploadNotFoundError, ObjectNotFoundError):
        record = msgspec.json.decode(client.read(key), type=StagedRecord)
        client.abort_upload(record.key, record.upload_id)


def object_to_be(key: str, size: int, content_type: str, metadata: Mapping[str, str]) -> ObjectInfo:
    """What is known of an object before it appears."""
    return ObjectInfo(
        key=key,
        size=size,
        etag="",
        modified=datetime.now(UTC).replace(microsecond=0),
        content_type=content_type,
        metadata=dict(metadata),
    )


@contextmanager
def _regular_file(path: Path) -> Iterator[tuple[int, int]]:
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise StoreError(f"{path} is no regular file")
        yield fd, status.st_size
    finally:
        os.close(fd)
