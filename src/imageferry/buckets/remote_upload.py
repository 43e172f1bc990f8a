"""Multipart uploads to a remote store."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import IO

from imageferry.buckets.files import Digests
from imageferry.buckets.interface import (
    InvalidPartError,
    ObjectInfo,
    PartInfo,
    UploadNotFoundError,
)
from imageferry.buckets.remote_client import RemoteClient, content_md5
from imageferry.buckets.remote_parts import MAX_PARTS, PART_SIZE
from imageferry.buckets.remote_transfer import Transfer, date_of, etag_of


@dataclass(frozen=True)
class Remote:
    """What every part of one remote store shares: who signs and calls, and who moves bytes."""

    client: RemoteClient
    transfer: Transfer


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
        self._client = remote.client
        self._transfer = remote.transfer
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
            return self._store(number, kept, kept.tell(), digests)

    def write_bytes(self, number: int, data: bytes) -> PartInfo:
        """Store one part that is in memory."""
        digests = Digests()
        digests.update(data)
        return self._store(number, data, len(data), digests)

    def parts(self) -> Sequence[PartInfo]:
        """The parts that are there, by number.

        Raises:
            UploadNotFoundError: the upload was completed or aborted meanwhile.
        """
        return self._client.parts(self._remote_key, self._remote_id)

    def complete(self, parts: Sequence[tuple[int, str]] | None = None) -> ObjectInfo:
        """Make the object of the parts ``(number, etag)`` named, or of all, and forget the upload.

        Raises:
            InvalidPartError: a named part is missing, has another ETag or is too small
                for the store, or there is none.
            UploadNotFoundError: the upload was completed or aborted meanwhile.
        """
        chosen = self._chosen(parts)
        etag = self.finish([(part.number, part.etag) for part in chosen])
        return replace(self._client.head(self._remote_key), key=self._key, etag=etag)

    def finish(self, parts: Sequence[tuple[int, str]]) -> str:
        """Make the object of parts that are known to be there, and return its ETag."""
        return self._client.complete_upload(self._remote_key, self._remote_id, parts)

    def abort(self) -> None:
        """Forget the upload and every part of it.

        Raises:
            UploadNotFoundError: it was completed or aborted before.
        """
        self._client.abort_upload(self._remote_key, self._remote_id)

    def last_change(self) -> datetime:
        """When it was started, or its last part stored."""
        return max([self.started, *(part.modified for part in self.parts())])

    def _store(self, number: int, body: bytes | IO[bytes], size: int, digests: Digests) -> PartInfo:
        if not 1 <= number <= MAX_PARTS:
            raise InvalidPartError(f"a part's number is 1 to {MAX_PARTS}, not {number}")
        sign = partial(
            self._client.sign_part,
            self._remote_key,
            self._remote_id,
            number,
            content_md5=content_md5(digests),
        )
        headers = self._transfer.write(sign, body, size)
        return PartInfo(number, size, etag_of(headers), date_of(headers), digests.crc64)

    def _chosen(self, named: Sequence[tuple[int, str]] | None) -> list[PartInfo]:
        there = sorted(self.parts(), key=lambda part: (part.number, part.modified))
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
    upload.parts()
    return upload
