"""An object in the making, in a local file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from imageferry.buckets.draft import CopySource
from imageferry.buckets.files import copy_range

_Whole = TypeVar("_Whole")


class FileDraft(Generic[_Whole]):
    """A draft that is a file until it is whole.

    Args:
        path: The file; one that is there is overwritten.
        stage: Makes of the whole file what :meth:`finish` returns: a staged object, of a draft.
    """

    def __init__(self, path: Path, stage: Callable[[Path], _Whole]) -> None:
        self._path = path
        self._stage = stage
        path.unlink(missing_ok=True)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Put bytes at a place; what is never written stays a hole.

        Raises:
            OSError: the disk is full, or a limit is reached.
        """
        rest = memoryview(data)
        while rest:
            written = os.pwrite(self._fd, rest, offset)
            offset, rest = offset + written, rest[written:]

    def copy(self, source: CopySource, offset: int, length: int) -> None:
        """Put bytes of a source at the same place.

        From a file the kernel copies them; where the file system shares blocks, it copies nothing.

        Raises:
            OSError: the disk is full, or a limit is reached.
        """
        descriptor = source.fileno()
        if descriptor is None:
            self.write(offset, source.pread(offset, length))
        else:
            copy_range(descriptor, self._fd, offset, offset, length)

    def finish(self, size: int) -> _Whole:
        """Make the file safe on the disk, ``size`` bytes long.

        Raises:
            OSError: it cannot be.
        """
        os.ftruncate(self._fd, size)
        os.fsync(self._fd)
        self._close()
        return self._stage(self._path)

    def abort(self) -> None:
        """Take the file away."""
        self._close()
        self._path.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)
