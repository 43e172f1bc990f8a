"""Files that appear whole or not at all, and bytes moved between files by the kernel."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from imageferry.buckets.bandwidth import unlimited
from imageferry.buckets.crc64 import Crc64
from imageferry.buckets.interface import ObjectChangedError

TEMPORARY_PREFIX = ".new-"
_COPY_STEP = 64 << 20


class NewFile:
    """A file that is being written under a temporary name.

    It is removed when its context ends, unless :meth:`rename` gave it its own
    name before. A lock that dies with the process tells a file that is being
    written from the left-over of a crash.

    Attributes:
        path: Where it is.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"{TEMPORARY_PREFIX}{secrets.token_hex(16)}"
        self._fd = _new_locked(self.path)
        self._renamed = False

    def fileno(self) -> int:
        """The file descriptor to write to."""
        return self._fd

    def write(self, chunks: Iterable[bytes]) -> Digests:
        """Append bytes and digest them on the way.

        Raises:
            OSError: the disk is full, or a limit is reached.
        """
        digests = Digests()
        for chunk in chunks:
            write_all(self._fd, chunk)
            digests.update(chunk)
        return digests

    def sync(self) -> None:
        """Make what was written safe on the disk."""
        os.fsync(self._fd)

    def rename(self, target: Path) -> None:
        """Give the file its own name, replacing what had it."""
        self.path.replace(target)
        self._renamed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if not self._renamed:
            with suppress(FileNotFoundError):
                self.path.unlink()
        os.close(self._fd)


def _new_locked(path: Path) -> int:
    """Make a file and lock it, again where a sweep took it away in between."""
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        fcntl.flock(fd, fcntl.LOCK_EX)
        if os.fstat(fd).st_nlink:
            return fd
        os.close(fd)


class Digests:
    """The MD5 and the CRC-64 of bytes on their way.

    Attributes:
        size: How many bytes there were.
    """

    def __init__(self) -> None:
        self.size = 0
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._crc64 = Crc64()

    def update(self, chunk: bytes) -> None:
        """Take the next bytes in."""
        self.size += len(chunk)
        self._md5.update(chunk)
        self._crc64.update(chunk)

    @property
    def md5(self) -> str:
        """The MD5 in upper-case hexadecimal, as OSS writes an ETag."""
        return self._md5.hexdigest().upper()

    @property
    def crc64(self) -> int:
        """The CRC-64 of :mod:`imageferry.buckets.crc64`."""
        return self._crc64.value


def write_all(fd: int, chunk: bytes) -> None:
    """Write every byte of a chunk."""
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(fd, rest) :]


def write_new(path: Path, data: bytes) -> None:
    """Store a small file whole, replacing what had its name."""
    with NewFile(path.parent) as file:
        write_all(file.fileno(), data)
        file.sync()
        file.rename(path)


def sync_folder(folder: Path) -> None:
    """Make names that were given or taken in a folder safe on the disk."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def data_ranges(fd: int, size: int) -> Iterator[tuple[int, int]]:
    """Ranges ``(offset, length)`` of a file's first ``size`` bytes outside of which all is zero.

    Raises:
        ObjectChangedError: the file has become shorter: what it lost is no hole.
    """
    end = 0
    while end < size:
        try:
            start = os.lseek(fd, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            if os.fstat(fd).st_size < size:
                raise ObjectChangedError("a file became shorter while it was read") from None
            return
        if start >= size:
            return
        end = min(os.lseek(fd, start, os.SEEK_HOLE), size)
        yield start, end - start


def append(
    source: int, target: int, *, position: int, let_pass: Callable[[int], None] = unlimited
) -> int:
    """Copy a whole file to ``position`` of another, holes as holes, by the kernel.

    Args:
        source: The file.
        target: The other one.
        position: Where its copy begins, in bytes.
        let_pass: Waits until it is the turn of so many bytes.

    Returns:
        The position after the copied bytes.
    """
    size = os.fstat(source).st_size
    for offset, length in data_ranges(source, size):
        let_pass(length)
        copy_range(source, target, offset, position + offset, length)
    os.ftruncate(target, position + size)
    return position + size


def copy_range(source: int, target: int, offset: int, position: int, length: int) -> None:
    """Copy bytes from ``offset`` of one file to ``position`` of another, by the kernel.

    Raises:
        OSError: the disk is full, or the source has fewer bytes.
    """
    while length:
        step = min(length, _COPY_STEP)
        copied = _copy_step(source, target, offset, position, step)
        if not copied:
            raise OSError(errno.EIO, "a file became shorter while it was copied")
        offset, position, length = offset + copied, position + copied, length - copied


def _copy_step(source: int, target: int, offset: int, position: int, length: int) -> int:
    try:
        return os.copy_file_range(source, target, length, offset, position)
    except OSError as error:
        if error.errno not in {errno.EXDEV, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}:
            raise
    os.lseek(target, position, os.SEEK_SET)
    return os.sendfile(target, source, offset, length)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file that is there, across threads and processes.

    Raises:
        FileNotFoundError: the file is not there, or was taken away meanwhile.
    """
    fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        if not os.path.samestat(os.fstat(fd), path.lstat()):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        yield
    finally:
        os.close(fd)


def is_abandoned(path: Path) -> bool:
    """Whether the process that was writing a temporary file is gone."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(fd)
    return True
