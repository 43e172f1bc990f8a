"""An object of a folder, open for reading."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Self

from imageferry.buckets.bandwidth import unlimited
from imageferry.buckets.files import data_ranges
from imageferry.buckets.interface import ObjectInfo


class FileReader:
    """One version of one object: the open file, which a new object does not replace.

    Args:
        fd: The file; it is closed with this.
        info: What is known of the object.
        let_pass: Waits until it is the turn of so many bytes.
    """

    def __init__(
        self, fd: int, info: ObjectInfo, let_pass: Callable[[int], None] = unlimited
    ) -> None:
        self._fd = fd
        self._info = info
        self._let_pass = let_pass

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
        length = max(0, min(length, self.size - offset))
        self._let_pass(length)
        data = os.pread(self._fd, length, offset)
        if len(data) >= length:
            return data
        return data + self._rest(offset + len(data), length - len(data))

    def data_ranges(self) -> Iterator[tuple[int, int]]:
        """Ranges ``(offset, length)`` in order outside of which every byte is known to be zero.

        Raises:
            ObjectChangedError: the file has become shorter.
        """
        return data_ranges(self._fd, self.size)

    def fileno(self, moving: int = 0) -> int:
        """A file descriptor with the same bytes at the same offsets.

        Args:
            moving: How many of them are moved by it at once, which waits until it is their turn.
        """
        self._let_pass(moving)
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
