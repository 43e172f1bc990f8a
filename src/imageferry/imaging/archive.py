"""Pack a raw disk into a ``.tar.gz``, on all processors, without reading its holes.

Gzip members that follow one another are one gzip file, so parts are compressed in parallel.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from isal import igzip_lib

from imageferry.imaging.hashing import parts
from imageferry.imaging.source import ByteSource, FileSource
from imageferry.imaging.threads import StopSignal

_CHUNK = 1024 * 1024
_LEVEL = 1
_AHEAD = 4
"""Chunks for each processor that are read or compressed and not yet written."""


@dataclass(frozen=True)
class Archive:
    """What was written.

    Attributes:
        size: The archive's size in bytes.
        sha256: Its SHA-256 in hexadecimal digits.
    """

    size: int
    sha256: str


def write_tar_gz(
    raw: Path,
    member_name: str,
    target: Path,
    *,
    stop: StopSignal,
    progress: Callable[[int], None],
) -> Archive:
    """Write a raw disk into an archive of one member.

    Args:
        raw: The disk.
        member_name: The name that the disk gets in the archive.
        target: The file to write; an existing one is overwritten, and on any failure
            nothing is left.
        stop: Ends the work early.
        progress: Gets the disk's bytes done, holes included, after each MiB, in this thread.

    Raises:
        OSError: a file cannot be read or written.
        StoppedError: it was stopped.
    """
    target.unlink(missing_ok=True)
    try:
        with FileSource(raw) as source, target.open("xb") as file:
            writer = _HashingWriter(file)
            writer.write(_compress(_header(member_name, source.size)))
            _write_disk(source, writer, stop, progress)
            writer.write(_compress(_trailer(source.size)))
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return Archive(writer.size, writer.digest.hexdigest())


class _HashingWriter:
    """Writes to a file and hashes what it writes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self.digest.update(data)
        self.size += len(data)


def _header(name: str, size: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.size = size
    member.mode = 0o644
    return member.tobuf(tarfile.GNU_FORMAT)


def _trailer(size: int) -> bytes:
    """What fills the member's last block, and the two blocks that end an archive."""
    return bytes(-size % tarfile.BLOCKSIZE + 2 * tarfile.BLOCKSIZE)


def _compress(data: bytes) -> bytes:
    packed: bytes = igzip_lib.compress(data, _LEVEL, flag=igzip_lib.COMP_GZIP)
    return packed


@lru_cache(maxsize=64)
def _compressed_zeroes(length: int) -> bytes:
    return _compress(bytes(length))


def _write_disk(
    source: ByteSource, writer: _HashingWriter, stop: StopSignal, progress: Callable[[int], None]
) -> None:
    workers = os.cpu_count() or 1
    done = 0
    pool = ThreadPoolExecutor(workers)
    try:
        for length, packed in _packed_chunks(source, pool, workers * _AHEAD):
            stop.check()
            writer.write(packed)
            done += length
            progress(done)
    finally:
        pool.shutdown(cancel_futures=True)


def _packed_chunks(
    source: ByteSource, pool: ThreadPoolExecutor, ahead: int
) -> Iterator[tuple[int, bytes]]:
    """The disk's chunks in order, each with its length before it was compressed."""
    waiting: deque[tuple[int, Future[bytes]]] = deque()
    for offset, end, holds_data in parts(source):
        for start in range(offset, end, _CHUNK):
            length = min(_CHUNK, end - start)
            if holds_data:
                work = pool.submit(_read_packed, source, start, length)
            else:
                work = pool.submit(_compressed_zeroes, length)
            waiting.append((length, work))
            if len(waiting) > ahead:
                done, packed = waiting.popleft()
                yield done, packed.result()
    for done, packed in waiting:
        yield done, packed.result()


def _read_packed(source: ByteSource, offset: int, length: int) -> bytes:
    data = source.pread(offset, length)
    if len(data) != length:
        raise EOFError(f"The source ends at byte {offset + len(data)}.")
    return _compress(data)
