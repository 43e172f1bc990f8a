"""An object in the making, in a local file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from imageferry.buckets.interface import StagedObject

Stage = Callable[[Path, Mapping[str, str]], StagedObject]


class FileDraft:
    """A draft that is a file until it is whole.

    Args:
        path: The file; one that is there is overwritten.
        stage: Makes the staged object of the whole file and the object's user metadata.
    """

    def __init__(self, path: Path, stage: Stage) -> None:
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

    def finish(self, size: int, metadata: Mapping[str, str]) -> StagedObject:
        """Make the file safe on the disk, ``size`` bytes long.

        Raises:
            OSError: it cannot be.
        """
        os.ftruncate(self._fd, size)
        os.fsync(self._fd)
        self._close()
        return self._stage(self._path, metadata)

    def abort(self) -> None:
        """Take the file away."""
        self._close()
        self._path.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)
