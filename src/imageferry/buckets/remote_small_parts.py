"""Parts that are smaller than a remote store takes them.

S3 wants 5 MiB of a part, and OSS takes 100 KiB, so clients of OSS send parts
that S3 refuses in the end. Such a part is kept as a hidden object of its own,
and when the upload is completed, neighbours are put together until they are
large enough.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from typing import IO

from imageferry.buckets.files import Digests
from imageferry.buckets.interface import PartInfo, PartTooSmallError
from imageferry.buckets.remote import Remote
from imageferry.buckets.remote_client import content_md5
from imageferry.buckets.remote_transfer import date_of, etag_of
from imageferry.buckets.sidecars import DEFAULT_CONTENT_TYPE


class SmallParts:
    """The small parts of one upload.

    Args:
        remote: The store.
        remote_id: The store's id of the upload.
    """

    def __init__(self, remote: Remote, remote_id: str) -> None:
        self._remote = remote
        self._folder = folder_of(remote, remote_id)

    def write(self, number: int, body: bytes | IO[bytes], size: int, digests: Digests) -> PartInfo:
        """Store a part, replacing an earlier one of that number."""
        sign = partial(
            self._remote.client.sign_put,
            self._key(number),
            content_md5=content_md5(digests.md5),
            content_type=DEFAULT_CONTENT_TYPE,
            metadata={},
            overwrite=True,
        )
        headers = self._remote.transfer.write(sign, body, size)
        return PartInfo(number, size, etag_of(headers), date_of(headers), digests.crc64)

    def all(self) -> list[PartInfo]:
        """The parts that are there, by number."""
        return [
            PartInfo(
                number=int(found.key.removeprefix(self._folder)),
                size=found.size,
                etag=found.etag,
                modified=found.modified,
            )
            for found in self._remote.client.list(self._folder, "")
        ]

    def read(self, part: PartInfo) -> bytes:
        """The bytes of a part.

        Raises:
            ObjectNotFoundError: it is gone.
            ObjectChangedError: it was replaced.
        """
        if not part.size:
            return b""
        sign = partial(self._remote.client.sign_get, self._key(part.number))
        return self._remote.transfer.read(sign, 0, part.size, part.etag)

    def forget(self, number: int) -> None:
        """Remove a part; no error where there is none."""
        self._remote.client.delete(self._key(number))

    def forget_all(self) -> None:
        """Remove every part."""
        for part in self.all():
            self.forget(part.number)

    def _key(self, number: int) -> str:
        return f"{self._folder}{number:05}"


def folder_of(remote: Remote, remote_id: str) -> str:
    """What the keys of an upload's small parts begin with."""
    return f"{remote.small_parts}{hashlib.sha256(remote_id.encode()).hexdigest()}/"


def groups(parts: Sequence[PartInfo], least: int) -> list[list[PartInfo]]:
    """Neighbouring small parts together, large ones alone.

    Args:
        parts: The parts of an object, in order.
        least: The bytes that a group must have, but for the last. A group of small
            parts has less than three times as many.

    Raises:
        PartTooSmallError: small parts before a large one are too small even together:
            a store does not let the large one be read.
    """
    found: list[list[PartInfo]] = []
    for part in parts:
        if found and _size(found[-1]) < least:
            if part.size < least:
                found[-1].append(part)
                continue
            _join_with_earlier(found, least)
        found.append([part])
    return found


def _join_with_earlier(found: list[list[PartInfo]], least: int) -> None:
    """Put a group that is too small to the one before it, which must be of small parts too."""
    short = found.pop()
    if not found or found[-1][0].size >= least:
        raise PartTooSmallError(short[0].number, _size(short), least)
    found[-1] += short


def _size(group: Sequence[PartInfo]) -> int:
    return sum(part.size for part in group)
