"""Where the bytes of a disk image come from.

:class:`ByteSource` has the shape of an object opened in a bucket, so that a
conversion reads a local file and an object in the same way.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Protocol, Self

from imageferry.imaging.errors import SOURCE_FAILED, ImageError
from imageferry.imaging.threads import StopSignal

CHUNK_SIZE = 4 * 1024 * 1024
"""Bytes of a source that are fetched by one request. 16 requests of 4 MiB in flight reached the
limit of a store that answers after 20 ms; of 1 MiB they took 1.8 times as long."""


class ByteSource(Protocol):
    """Bytes that do not change, readable at any place by many threads.

    A read must end or fail in a bounded time: whatever is cancelled waits for it.
    """

    @property
    def size(self) -> int:
        """The number of bytes."""
        ...

    def pread(self, offset: int, length: int) -> bytes:
        """The bytes from ``offset``; fewer than ``length`` only at the end. Safe in threads."""
        ...

    def data_ranges(self) -> Iterator[tuple[int, int]]:
        """Ranges ``(offset, length)`` in order outside of which every byte is known to be zero."""
        ...

    def fileno(self, moving: int = 0, /) -> int | None:
        """A file descriptor with the same bytes at the same offsets, where there is one.

        Args:
            moving: How many of them are moved by it at once, which waits until it is their turn.
        """
        ...


def ended_early(place: int) -> ImageError:
    """The error for a source that has fewer bytes than it had, and ends at ``place``."""
    return SOURCE_FAILED.error(f"Reading the source ended early, at byte {place}.")


class StoppableSource:
    """A source whose reads end when work is to stop: for work that does little else than read."""

    def __init__(self, source: ByteSource, stop: StopSignal) -> None:
        """Read from ``source`` until ``stop`` is set."""
        self.size = source.size
        self.data_ranges = source.data_ranges
        self.fileno = source.fileno
        self._source = source
        self._stop = stop

    def pread(self, offset: int, length: int) -> bytes:
        """The bytes from ``offset``; fewer than ``length`` only at the end.

        Raises:
            StoppedError: the work is to stop.
        """
        self._stop.check()
        return self._source.pread(offset, length)


class FileSource:
    """A local file, as it is when it is opened. Its holes are known and never read."""

    def __init__(self, path: Path) -> None:
        """Open a file.

        Args:
            path: A regular file; a symbolic link is not followed.

        Raises:
            OSError: it cannot be opened.
        """
        self._adopt(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW))

    @classmethod
    def of(cls, file: IO[bytes]) -> Self:
        """A file that is open already, as it is now; it may be closed before this source."""
        source = cls.__new__(cls)
        source._adopt(os.dup(file.fileno()))
        return source

    def _adopt(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._size = os.fstat(descriptor).st_size

    @property
    def size(self) -> int:
        """The file's size in bytes."""
        return self._size

    def pread(self, offset: int, length: int) -> bytes:
        """The bytes from ``offset``; fewer than ``length`` only at the end."""
        return os.pread(self._descriptor, min(length, max(0, self._size - offset)), offset)

    def data_ranges(self) -> Iterator[tuple[int, int]]:
        """The parts of the file that are no holes.

        Raises:
            ImageError: the file has become shorter: what it lost is no hole.
        """
        end = 0
        while end < self._size:
            try:
                start = os.lseek(self._descriptor, end, os.SEEK_DATA)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
                if (left := os.fstat(self._descriptor).st_size) < self._size:
                    raise ended_early(left) from None
                return
            end = min(os.lseek(self._descriptor, start, os.SEEK_HOLE), self._size)
            if start < end:
                yield start, end - start

    def fileno(self, _moving: int = 0) -> int:
        """The open file's descriptor."""
        return self._descriptor

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
