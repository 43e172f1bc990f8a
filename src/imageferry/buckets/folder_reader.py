"""An object of a folder, open for reading."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Self

from imageferry.buckets.files import data_ranges
from imageferry.buckets.interface import ObjectInfo


class FileReader:
    """One version of one object: the open file, which a new object does not replace."""

    def __init__(self, fd: int, info: ObjectInfo) -> None:
        self._fd = fd
        self._info = info

    @property
    def info(self) -> ObjectInfo:
        """The version that is open."""
        return self._info

    @property
    def size(self) -> int:
        """The object's size in bytes."""
        return self._info.size

    def pread(self, offset: int, length: int) -> bytes:
        """The bytes from ``offset``; fewer than ``length`` only at the end. Safe in threads."""
        length = min(length, self.size - offset)
        data = os.pread(self._fd, max(length, 0), offset)
        if len(data) >= length:
            return data
        return data + self._rest(offset + len(data), length - len(data))

    def data_ranges(self) -> Iterator[tuple[int, int]]:
        """Ranges ``(offset, length)`` in order outside of which every byte is known to be zero.

        Raises:
            ObjectChangedError: the file has become shorter.
        """
        return data_ranges(self._fd, self.size)

    def fileno(self) -> int:
        """A file descriptor with the same bytes at the same offsets."""
        return self._fd

    def close(self) -> None:
        """Let go of it. Closing twice does no harm."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _rest(self, offset: int, length: int) -> bytes:
        parts = []
        while length:
            data = os.pread(self._fd, length, offset)
            if not data:
                break
            parts.append(data)
            offset, length = offset + len(data), length - len(data)
        return b"".join(parts)
