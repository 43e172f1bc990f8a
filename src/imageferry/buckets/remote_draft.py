"""An object in the making, in a remote store: parts are sent while the rest is being made.

The bytes come in order, but for those of the head, which may come last. So a part
can be sent as soon as a later one has begun, and memory holds the parts that are on their
way, the one that is being filled, and those of the head.
"""

from __future__ import annotations

import os
import secrets
import tempfile
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO

from imageferry.buckets.draft import CopySource
from imageferry.buckets.draft_parts import PartRange, part_at
from imageferry.buckets.interface import (
    DraftNotFoundError,
    ObjectInfo,
    ObjectNotFoundError,
    PartInfo,
    StoreError,
    UploadNotFoundError,
)
from imageferry.buckets.remote_client import RemoteClient
from imageferry.buckets.remote_copies import replace_metadata
from imageferry.buckets.remote_upload import RemoteUpload
from imageferry.buckets.remote_zeros import RemoteZeros
from imageferry.telemetry.threads import ContextThreads

CONNECTIONS = 8
"""Parts that are on their way at once."""

LARGEST_IN_MEMORY = 8 << 20
"""Longer parts are put together in a temporary file without a name: an object with such parts has
more than 16 GiB."""


class RemoteDraft:
    """A draft that is a multipart upload.

    Args:
        client: The store's client.
        upload: The upload that takes the parts.
        info: The object to be, under its remote key.
        draft_id: What it is found again by.
        folder: What the keys begin with of its record and of hidden objects that serve it.
        head_size: The bytes at the beginning that may come last.
        scratch: A folder for parts that are too long for memory.
    """

    def __init__(
        self,
        client: RemoteClient,
        upload: RemoteUpload,
        info: ObjectInfo,
        *,
        draft_id: str,
        folder: str,
        head_size: int,
        scratch: Path,
    ) -> None:
        self.id = draft_id
        self._folder = folder
        self._client = client
        self._upload = upload
        self._info = info
        self._head_key = f"{folder}{draft_id}/head"
        self._head_is_kept = False
        self._head_size = head_size
        self._kept = 0
        self._open: dict[int, _OpenPart] = {}
        self._end = 0
        self._sent: dict[int, Future[str]] = {}
        self._free = threading.Semaphore(CONNECTIONS)
        self._pool = ContextThreads(CONNECTIONS)
        self._failed = threading.Event()
        self._failure: BaseException | None = None
        # Nobody who has gone on with the same upload may find that this one has deleted them.
        self._zeros = RemoteZeros(client, f"{folder}{draft_id}/{secrets.token_hex(4)}-")
        self._scratch = scratch

    @property
    def given(self) -> int:
        """Where the part begins that is being filled: those before it are on their way."""
        return part_at(self._end - 1).start if self._end else 0

    def go_on(self, end: int) -> None:
        """Take over the parts that hold the bytes before a place up to which they were kept.

        Raises:
            DraftNotFoundError: some are not there.
        """
        try:
            stored = {part.number: part for part in self._upload.stored_parts()}
            while self._end < end:
                part = part_at(self._end)
                if part.start < self._head_size:
                    self._take_head_over(part)
                else:
                    self._sent[part.number] = _is_stored(part, stored[part.number])
                self._end = self._kept = part.end
        except (UploadNotFoundError, ObjectNotFoundError, KeyError):
            raise DraftNotFoundError(f"the upload {self.id!r} has lost parts") from None

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Put bytes at a place, behind all that were put before or in the head.

        Raises:
            StoreError: an earlier part could not be stored.
            OSError: the temporary file of a part has no room.
        """
        rest = memoryview(data)
        while rest:
            part = part_at(offset)
            length = min(len(rest), part.end - offset)
            if part.end > self._kept or part.number in self._open:
                self._part(part).put(offset - part.start, rest[:length])
            offset, rest = offset + length, rest[length:]

    def copy(self, source: CopySource, offset: int, length: int) -> None:
        """Put bytes of a source at the same place.

        Raises:
            StoreError: they could not be read, or an earlier part could not be stored.
        """
        self.write(offset, source.pread(offset, length))

    def keep(self, end: int) -> None:
        """Wait until all parts with bytes before a place are stored.

        The part with the head cannot be sent before its head is there: until then a hidden
        object holds it.

        Raises:
            StoreError: one could not be stored.
        """
        start = 0
        while start < end:
            part = part_at(start)
            if part.start < self._head_size:
                self._keep_head(part)
            else:
                self._sent[part.number].result()
            start = part.end

    def finish(self, size: int) -> RemoteDraftObject:
        """Wait until every part is stored.

        Raises:
            StoreError: a part could not be stored.
        """
        self._open_up_to(part_at(max(0, size - 1)))
        for number in sorted(self._open):
            self._send(number, min(size, self._open[number].range.end))
        parts = [(number, self._sent[number].result()) for number in sorted(self._sent)]
        self._pool.shutdown()
        self._zeros.delete()
        info = replace(self._info, size=size)
        return RemoteDraftObject(self._client, self._upload, parts, info, self._folder)

    def leave(self) -> None:
        """Let go of the upload, when nothing is sent any more."""
        self._failed.set()
        self._pool.shutdown(cancel_futures=True)
        for part in self._open.values():
            part.close()

    def _keep_head(self, part: PartRange) -> None:
        if not self._head_is_kept:
            self._client.create(self._head_key, self._open[part.number].content)
            self._head_is_kept = True

    def _take_head_over(self, part: PartRange) -> None:
        head = self._client.read(self._head_key)
        if len(head) != part.length:
            raise DraftNotFoundError(f"the head of the upload {self.id!r} is damaged")
        self._open[part.number] = _OpenPart(part, self._scratch)
        self._open[part.number].put(0, memoryview(head))
        self._head_is_kept = True

    def _part(self, part: PartRange) -> _OpenPart:
        self._open_up_to(part)
        return self._open[part.number]

    def _open_up_to(self, part: PartRange) -> None:
        """Open a part and those before it, and send what is whole now."""
        while self._end < part.end:
            self._send_whole()
            opened = part_at(self._end)
            self._open[opened.number] = _OpenPart(opened, self._scratch)
            self._end = opened.end

    def _send_whole(self) -> None:
        for number, part in list(self._open.items()):
            if part.range.start >= self._head_size:
                self._send(number, part.range.end)

    def _send(self, number: int, end: int) -> None:
        """Let a part be stored, when a connection is free for it."""
        self._free.acquire()
        self._check()
        part = self._open.pop(number)
        self._sent[number] = self._pool.submit(self._store, part, end - part.range.start)

    def _store(self, part: _OpenPart, length: int) -> str:
        try:
            if self._failed.is_set():
                raise self._failure or StoreError("the upload was left")  # noqa: TRY301
            return self._store_part(part, length)
        except BaseException as error:
            self._failure = self._failure or error
            self._failed.set()
            raise
        finally:
            part.close()
            self._free.release()

    def _store_part(self, part: _OpenPart, length: int) -> str:
        number = part.range.number
        if part.is_zero and length:
            return self._upload.copy_part(number, self._zeros.key_of(part.range.length), length)
        return part.store(self._upload, length).etag

    def _check(self) -> None:
        """Make known what went wrong with a part."""
        if self._failed.is_set():
            for sent in self._sent.values():
                if sent.done() and (error := sent.exception()) is not None:
                    raise error


def _is_stored(part: PartRange, stored: PartInfo) -> Future[str]:
    """Make as if a part had just been sent that is in the store."""
    if stored.size != part.length:
        raise DraftNotFoundError(f"part {part.number} of an upload is damaged")
    sent: Future[str] = Future()
    sent.set_result(stored.etag)
    return sent


class _OpenPart:
    """A part that is being filled; what is never put is zero."""

    def __init__(self, part: PartRange, scratch: Path) -> None:
        self.range = part
        self._scratch = scratch
        self._memory: bytearray | None = None
        self._file: IO[bytes] | None = None

    @property
    def is_zero(self) -> bool:
        """Nothing was put."""
        return self._memory is None and self._file is None

    @property
    def content(self) -> bytes:
        """The bytes of a part that is in memory."""
        return bytes(self._memory or self.range.length)

    def put(self, position: int, data: memoryview) -> None:
        if self.range.length > LARGEST_IN_MEMORY:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self._scratch)  # noqa: SIM115 - close() does
            os.pwrite(self._file.fileno(), data, position)
            return
        if self._memory is None:
            self._memory = bytearray(self.range.length)
        self._memory[position : position + len(data)] = data

    def store(self, upload: RemoteUpload, length: int) -> PartInfo:
        if self._file is None:
            return upload.write_bytes(self.range.number, memoryview(self._memory or b"")[:length])
        self._file.truncate(length)
        return upload.write_file(self.range.number, self._file, length)

    def close(self) -> None:
        self._memory = None
        if self._file is not None:
            self._file.close()


class RemoteDraftObject:
    """An object whose bytes are in the store, and which nobody sees yet.

    Args:
        client: The store's client.
        upload: The upload that has the bytes.
        parts: Its parts, as numbers and ETags.
        info: The object to be, under its remote key, with the metadata of the upload.
        folder: What the keys of records begin with.
    """

    def __init__(
        self,
        client: RemoteClient,
        upload: RemoteUpload,
        parts: list[tuple[int, str]],
        info: ObjectInfo,
        folder: str,
    ) -> None:
        self._client = client
        self._upload = upload
        self._parts = parts
        self._info = info
        self._folder = folder

    def publish(self, metadata: Mapping[str, str], *, overwrite: bool = True) -> ObjectInfo:
        """Let the object appear.

        A store takes the metadata of an upload when it begins. So what was found out since is
        added as soon as the object is there: by the store itself, without moving its bytes.

        Raises:
            ObjectExistsError: there is an object of the key, and ``overwrite`` is false.
            UploadNotFoundError: it was discarded.
        """
        etag = self._finish(overwrite=overwrite)
        info = replace(self._info, metadata=dict(metadata), etag=etag)
        if info.metadata != self._info.metadata:
            etag = replace_metadata(self._client, self._folder, info)
        return replace(info, key=self._upload.key, etag=etag)

    def _finish(self, *, overwrite: bool) -> str:
        """Complete the upload, also where the answer to its completion was lost before."""
        try:
            return self._upload.finish(self._parts, overwrite=overwrite)
        except UploadNotFoundError:
            with suppress(ObjectNotFoundError):
                found = self._client.head(self._info.key)
                if (found.size, found.metadata) == (self._info.size, self._info.metadata):
                    return found.etag
            raise

    def discard(self) -> None:
        """Take the bytes out of the store."""
        with suppress(StoreError):  # they are found again by their token
            self._upload.abort()
