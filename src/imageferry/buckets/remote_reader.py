"""An object of a remote store, open for reading."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from imageferry.buckets.interface import ObjectInfo
from imageferry.buckets.remote_transfer import Sign, Transfer


class RemoteReader:
    """One version of one object, told by its ETag.

    A remote store does not keep a version that is replaced: reading it then
    raises ObjectChangedError, and never gives bytes of another one.
    """

    def __init__(self, info: ObjectInfo, transfer: Transfer, sign: Sign) -> None:
        self._info = info
        self._transfer = transfer
        self._sign = sign

    @property
    def info(self) -> ObjectInfo:
        """The version that is open."""
        return self._info

    @property
    def size(self) -> int:
        """The object's size in bytes."""
        return self._info.size

    def pread(self, offset: int, length: int) -> bytes:
        """The bytes from ``offset``; fewer than ``length`` only at the end. Safe in threads.

        Raises:
            ObjectChangedError: the object was replaced.
            ObjectNotFoundError: it was deleted.
            RemoteStoreError: the store cannot be reached.
        """
        length = min(length, self.size - offset)
        if length <= 0:
            return b""
        return self._transfer.read(self._sign, offset, length, self._info.etag)

    def data_ranges(self) -> Iterator[tuple[int, int]]:
        """The whole object: a remote store tells nothing of zeros."""
        if self.size:
            yield 0, self.size

    def fileno(self, _moving: int = 0) -> None:
        """No file has the bytes."""

    def close(self) -> None:
        """Let go of it, which is nothing to do."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
