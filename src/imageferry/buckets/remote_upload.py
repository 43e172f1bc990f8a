"""Multipart uploads to a remote store."""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import IO

from imageferry.buckets.files import Digests
from imageferry.buckets.interface import (
    InvalidPartError,
    ObjectChangedError,
    ObjectExistsError,
    ObjectInfo,
    ObjectNotFoundError,
    PartInfo,
    UploadNotFoundError,
)
from imageferry.buckets.part_sizes import check_sizes
from imageferry.buckets.remote import Remote
from imageferry.buckets.remote_errors import RemoteStoreError
from imageferry.buckets.remote_parts import MAX_PARTS, PART_SIZE, in_threads
from imageferry.buckets.remote_small_parts import SmallParts, groups
from imageferry.buckets.remote_transfer import date_of, etag_of

_STEP = 1 << 20


class RemoteUpload:
    """One multipart upload of a remote store.

    Args:
        remote: The store.
        folder: What comes before the keys of the bucket in the remote bucket.
        key: The key that the object will have.
        remote_id: The store's id of the upload.
        started: When it was started, where that is known; else the store is asked.
    """

    def __init__(
        self,
        remote: Remote,
        folder: str,
        key: str,
        remote_id: str,
        started: datetime | None = None,
    ) -> None:
        self._remote = remote
        self._client = remote.client
        self._small = SmallParts(remote, remote_id)
        self._key = key
        self._remote_key = folder + key
        self._remote_id = remote_id
        self._started = started

    @property
    def id(self) -> str:
        """Its name within the bucket. It holds the key, which remote stores want with the id."""
        encoded = base64.urlsafe_b64encode(self._key.encode()).decode().rstrip("=")
        return f"{self._remote_id}.{encoded}"

    @property
    def key(self) -> str:
        """The key the object will have."""
        return self._key

    @property
    def started(self) -> datetime:
        """When it was started, UTC.

        Raises:
            UploadNotFoundError: the upload was completed or aborted meanwhile.
        """
        if self._started is None:
            for upload in self._client.uploads(self._remote_key):
                if upload.id == self._remote_id:
                    self._started = upload.started
                    return upload.started
            raise UploadNotFoundError(f"there is no upload {self.id!r}")
        return self._started

    def write_part(self, number: int, chunks: Iterable[bytes]) -> PartInfo:
        """Store one part, replacing an earlier one of that number.

        A store must be told the length first, so a part that comes from a stream
        is kept until its end: in memory while it is small, else in a temporary file.

        Raises:
            InvalidPartError: the number is not from 1 to 10000.
            UploadNotFoundError: the upload was completed or aborted meanwhile.
        """
        digests = Digests()
        with tempfile.SpooledTemporaryFile(max_size=PART_SIZE) as kept:
            for chunk in chunks:
                kept.write(chunk)
                digests.update(chunk)
            size = kept.tell()
            if size < self._client.least_part:
                return self._store_small(number, kept, size, digests)
            part = self._store(number, kept, size)
        self._small.forget(number)
        return replace(part, crc64=digests.crc64)

    def write_bytes(self, number: int, data: bytes | memoryview) -> PartInfo:
        """Store one part that is in memory, and that :meth:`finish` will name.

        It must not be smaller than the store takes it, unless it is the last. Its CRC is not
        computed: nobody will ask for it.
        """
        return self._store(number, data, len(data))

    def write_file(self, number: int, file: IO[bytes], size: int) -> PartInfo:
        """Store one part that is a whole file; see :meth:`write_bytes`."""
        return self._store(number, file, size)

    def copy_part(self, number: int, source_key: str, length: int) -> str:
        """Let the store make a part of the beginning of one of its objects, and return its ETag.

        Args:
            number: The part's number.
            source_key: The object's remote key.
            length: The part's bytes.

        Raises:
            UploadNotFoundError: the upload was completed or aborted meanwhile.
        """
        return self._client.copy_part(self._remote_key, self._remote_id, number, source_key, length)

    def parts(self) -> Sequence[PartInfo]:
        """The parts that are there, by number.

        Raises:
            UploadNotFoundError: the upload was completed or aborted meanwhile.
        """
        # In this order, because the small parts go when the upload is gone.
        small = self._small.all()
        large = self.stored_parts()
        replaced = {part.number for part in small}
        remaining = [part for part in large if part.number not in replaced]
        return sorted([*remaining, *small], key=lambda part: (part.number, part.modified))

    def stored_parts(self) -> Sequence[PartInfo]:
        """The parts that the store itself has, without those that are too small for it.

        Raises:
            UploadNotFoundError: the upload was completed or aborted meanwhile.
        """
        return self._client.parts(self._remote_key, self._remote_id)

    def complete(
        self,
        parts: Sequence[tuple[int, str]] | None = None,
        *,
        least_part: int = 0,
        overwrite: bool = True,
    ) -> ObjectInfo:
        """Make the object of the parts ``(number, etag)`` named, or of all, and forget the upload.

        Raises:
            InvalidPartError: a named part is missing or has another ETag, or there is none.
            PartTooSmallError: a part that is not the last has less than ``least_part`` bytes,
                or is too small for the store and has a large one after it.
            ObjectExistsError: the object is there, and ``overwrite`` is false.
            UploadNotFoundError: the upload was completed or aborted meanwhile.
        """
        chosen = self._chosen(parts)
        check_sizes(chosen, least_part)
        named = in_threads(self._as_one, groups(chosen, self._client.least_part))
        etag = self.finish(named, overwrite=overwrite)
        self._small.forget_all()
        return replace(self._client.head(self._remote_key), key=self._key, etag=etag)

    def finish(self, parts: Sequence[tuple[int, str]], *, overwrite: bool = True) -> str:
        """Make the object of parts that the store has, and return its ETag.

        Raises:
            ObjectExistsError: the object is there, and ``overwrite`` is false.
            UploadNotFoundError: the upload was completed or aborted meanwhile.
        """
        with nullcontext() if overwrite else self._remote.completion:
            try:
                return self._client.complete_upload(
                    self._remote_key, self._remote_id, parts, overwrite=overwrite
                )
            except ObjectChangedError:
                raise ObjectExistsError(f"there is an object {self._key!r} already") from None

    def abort(self) -> None:
        """Forget the upload and every part of it.

        Raises:
            UploadNotFoundError: it was completed or aborted before.
        """
        self._client.abort_upload(self._remote_key, self._remote_id)
        self._small.forget_all()

    def last_change(self) -> datetime:
        """When it was started, or its last part stored."""
        return max([self.started, *(part.modified for part in self.parts())])

    def _as_one(self, group: Sequence[PartInfo]) -> tuple[int, str]:
        """Make one part of the store of a group, and name it."""
        if group[0].size < self._client.least_part:
            try:
                data = b"".join(map(self._small.read, group))
            except (ObjectChangedError, ObjectNotFoundError):
                self.stored_parts()
                raise InvalidPartError(f"part {group[0].number} was replaced meanwhile") from None
            part = self.write_bytes(group[0].number, data)
            return part.number, part.etag
        return group[0].number, group[0].etag

    def _store_small(self, number: int, body: IO[bytes], size: int, digests: Digests) -> PartInfo:
        _check_number(number)
        part = self._small.write(number, body, size, digests)
        try:
            self.stored_parts()
        except UploadNotFoundError:
            self._small.forget(number)
            raise
        return part

    def _store(self, number: int, body: bytes | memoryview | IO[bytes], size: int) -> PartInfo:
        """Store a part, and make sure that the store has kept what it was sent."""
        _check_number(number)
        check = self._client.part_check()
        for chunk in _chunks(body):
            check.update(chunk)
        sign = partial(self._client.sign_part, self._remote_key, self._remote_id, number, check)
        headers = self._remote.transfer.write(sign, body, size)
        confirmed = check.confirms(headers)
        if confirmed is None:
            confirmed = etag_of(headers).lower() == _md5(body)
        if not confirmed:
            raise RemoteStoreError(f"the store has damaged part {number} of {self.key!r}")
        return PartInfo(number, size, etag_of(headers), date_of(headers))

    def _chosen(self, named: Sequence[tuple[int, str]] | None) -> list[PartInfo]:
        there = self.parts()
        if named is None:
            return list({part.number: part for part in there}.values())
        if not named:
            raise InvalidPartError("an object needs at least one part")
        # SeaweedFS keeps, and lists, also the earlier versions of a part that was replaced.
        versions = {(part.number, part.etag.upper()): part for part in there}
        chosen = [versions.get((number, etag.strip('"').upper())) for number, etag in named]
        if None in chosen:
            number, etag = named[chosen.index(None)]
            raise InvalidPartError(f"there is no part {number} with the ETag {etag!r}")
        return [part for part in chosen if part is not None]


def _check_number(number: int) -> None:
    if not 1 <= number <= MAX_PARTS:
        raise InvalidPartError(f"a part's number is 1 to {MAX_PARTS}, not {number}")


def find(remote: Remote, folder: str, identifier: str) -> RemoteUpload:
    """An upload that was started before.

    Raises:
        UploadNotFoundError: there is none of that id.
    """
    remote_id, _, encoded = identifier.rpartition(".")
    try:
        key = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except ValueError:
        key = ""
    if not remote_id or not key:
        raise UploadNotFoundError(f"there is no upload {identifier!r}")
    upload = RemoteUpload(remote, folder, key, remote_id)
    upload.stored_parts()
    return upload


def _chunks(body: bytes | memoryview | IO[bytes]) -> Iterator[bytes | memoryview]:
    """The bytes of a part, from its beginning."""
    if isinstance(body, bytes | memoryview):
        yield body
        return
    body.seek(0)
    while chunk := body.read(_STEP):
        yield chunk


def _md5(body: bytes | memoryview | IO[bytes]) -> str:
    """The ETag of a part in stores that compute no checksum for us."""
    md5 = hashlib.md5(usedforsecurity=False)
    for chunk in _chunks(body):
        md5.update(chunk)
    return md5.hexdigest()
