"""An object in the making, in a local file."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Generic, Self, TypeVar

from imageferry.buckets.bandwidth import unlimited
from imageferry.buckets.draft import CopySource
from imageferry.buckets.files import copy_range
from imageferry.buckets.interface import DraftNotFoundError
from imageferry.buckets.write_behind import WriteBehind

_Whole = TypeVar("_Whole")


class FileDraft(Generic[_Whole]):
    """A draft that is a file until it is whole.

    A lock that dies with the process tells one that is being made from one that was left.

    Args:
        path: The file; one that is there is overwritten.
        stage: Makes of the whole file what :meth:`finish` returns: a staged object, of a draft.
        fd: The file where it was opened and locked already, as :meth:`resume` does.
        let_pass: Waits until it is the turn of so many bytes.
    """

    def __init__(
        self,
        path: Path,
        stage: Callable[[Path], _Whole],
        *,
        fd: int = -1,
        let_pass: Callable[[int], None] = unlimited,
    ) -> None:
        self.path = path
        self._stage = stage
        self._let_pass = let_pass
        self._fd = fd if fd >= 0 else _new(path)
        self._given = os.fstat(self._fd).st_size
        self._pieces = WriteBehind(self._fd)

    @classmethod
    def resume(
        cls,
        path: Path,
        stage: Callable[[Path], _Whole],
        *,
        end: int,
        let_pass: Callable[[int], None] = unlimited,
    ) -> Self:
        """Go on with a file that was kept up to a place.

        Raises:
            DraftNotFoundError: there is no such file, it is too short, or it is being written.
        """
        try:
            fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise DraftNotFoundError(f"the file {path} is gone: {error.strerror}") from None
        try:
            _check(fd, path, end)
            _lock(fd, path)
            os.ftruncate(fd, end)
        except BaseException:
            os.close(fd)
            raise
        return cls(path, stage, fd=fd, let_pass=let_pass)

    @property
    def id(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def given(self) -> int:
        """Where the last bytes end that were put."""
        return self._given

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Put bytes at a place; what is never written stays a hole.

        They are written behind, and are not to change: that they could not be written may show
        at a later call.

        Raises:
            DamagedError: the disk has not kept what was put before.
            OSError: the disk is full, or a limit is reached.
        """
        self._let_pass(len(data))
        self._pieces.write(offset, data)
        self._given = max(self._given, offset + len(data))

    def copy(self, source: CopySource, offset: int, length: int) -> None:
        """Put bytes of a source at the same place.

        From a file the kernel copies them; where the file system shares blocks, it copies nothing.

        Raises:
            OSError: the disk is full, or a limit is reached.
        """
        descriptor = source.fileno(length)
        if descriptor is None:
            self.write(offset, source.pread(offset, length))
        else:
            self._let_pass(length)
            copy_range(descriptor, self._fd, offset, offset, length)
            self._given = max(self._given, offset + length)

    def keep(self, end: int) -> None:  # noqa: ARG002 - the kernel brings all of it to the disk
        """Wait until all bytes before a place are on the disk, and were read again from it.

        Raises:
            DamagedError: the disk has not kept them.
            OSError: they could not be brought there.
        """
        self._pieces.catch_up()
        os.fdatasync(self._fd)

    def finish(self, size: int) -> _Whole:
        """Make the file safe on the disk, ``size`` bytes long. It stays locked.

        Raises:
            DamagedError: the disk has not kept what was put.
            OSError: it cannot be.
        """
        self._pieces.catch_up()
        os.ftruncate(self._fd, size)
        os.fsync(self._fd)
        return self._stage(self.path)

    def abort(self) -> None:
        """Take the file away."""
        self.leave()
        self.path.unlink(missing_ok=True)

    def leave(self) -> None:
        """Let go of the file."""
        self._pieces.close()
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)


def _new(path: Path) -> int:
    path.unlink(missing_ok=True)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    _lock(fd, path)
    return fd


def _check(fd: int, path: Path, end: int) -> None:
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode) or status.st_size < end:
        raise DraftNotFoundError(f"the file {path} is not the one that was left")


def _lock(fd: int, path: Path) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DraftNotFoundError(f"somebody else writes to the file {path}") from None
