"""A raw disk in a ``.tar.gz``, compressed by several threads into one gzip member.

Each block becomes a run of deflate blocks that depends on nothing before it, and ends at a
byte; runs that follow one another are one stream. Several gzip members would be as good by
the format's rules, but not every reader goes on after the first.
Layout: RFC 1951, RFC 1952, and the ustar format of POSIX with GNU's large sizes.
"""

from __future__ import annotations

import struct
import tarfile
from dataclasses import dataclass
from functools import lru_cache

import msgspec
from isal import isal_zlib

from imageferry.imaging.content_checksum import ContentChecksum, block_checksum
from imageferry.imaging.disk import BLOCK_SIZE, Output, PlannedDisk

_LEVEL = 1
_RAW_DEFLATE = -15
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
"""Deflate, no name, no time, the fastest level, no operating system."""
_LAST_BLOCK = b"\x03\x00"
_TRAILER = struct.Struct("<II")


@dataclass(frozen=True)
class _Packed:
    offset: int
    length: int
    checksum: int
    data: bytes


class _State(msgspec.Struct, frozen=True):
    """What a writer knows: where the archive and the disk end, and the checksum so far."""

    end: int
    disk_end: int
    checksum: tuple[int, int]


class TarGzWriter:
    """Writes a raw disk as the only member of a compressed archive.

    Args:
        output: Where to; everything comes in order.
        disk: The disk.
        state: The state of the writer to go on for; empty for a new archive.
    """

    def __init__(self, output: Output, disk: PlannedDisk, state: bytes = b"") -> None:
        begun = msgspec.msgpack.decode(state, type=_State) if state else _State(0, 0, (0, 0))
        self._output = output
        self._checksum = ContentChecksum(begun.checksum)
        self._end = begun.end
        self._disk_end = begun.disk_end
        self._before = _member_header(disk.name, disk.virtual_size)
        if not state:
            self._write(_HEADER)
            self._add(0, self._before)

    @property
    def end(self) -> int:
        """Where the last bytes that were written end."""
        return self._end

    def state(self) -> bytes:
        """What another one has to know to go on behind the last block that was appended."""
        return msgspec.msgpack.encode(_State(self._end, self._disk_end, self._checksum.state))

    def pack(self, offset: int, data: bytes | bytearray | memoryview) -> _Packed:
        """Compress a block."""
        return _Packed(offset, len(data), block_checksum(data), _deflated(data))

    def append(self, packed: _Packed) -> None:
        """Write a block and the zeros before it."""
        self._fill(packed.offset)
        self._write(packed.data)
        self._checksum.add(len(self._before) + packed.offset, packed.length, packed.checksum)
        self._disk_end = packed.offset + packed.length

    def finish(self, virtual_size: int) -> int:
        """Write the zeros that are left, and the ends of the archive and of the stream."""
        self._fill(virtual_size)
        begin = len(self._before) + virtual_size
        self._add(begin, bytes(-virtual_size % tarfile.BLOCKSIZE + 2 * tarfile.BLOCKSIZE))
        end = begin + -virtual_size % tarfile.BLOCKSIZE + 2 * tarfile.BLOCKSIZE
        self._write(_LAST_BLOCK + _TRAILER.pack(self._checksum.finish(end), end & 0xFFFFFFFF))
        return self._end

    def _fill(self, offset: int) -> None:
        """Write zeros up to a place of the disk; their checksum comes with what follows them."""
        while self._disk_end < offset:
            length = min(BLOCK_SIZE, offset - self._disk_end)
            self._write(_deflated_zeros(length))
            self._disk_end += length

    def _add(self, position: int, data: bytes) -> None:
        self._write(_deflated(data))
        self._checksum.add(position, len(data), block_checksum(data))

    def _write(self, data: bytes) -> None:
        self._output.write(self._end, data)
        self._end += len(data)


def _member_header(name: str, size: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.size = size
    member.mode = 0o644
    return member.tobuf(tarfile.GNU_FORMAT)


def _deflated(data: bytes | bytearray | memoryview) -> bytes:
    packer = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _RAW_DEFLATE)
    return packer.compress(data) + packer.flush(isal_zlib.Z_FULL_FLUSH)


@lru_cache(maxsize=64)
def _deflated_zeros(length: int) -> bytes:
    return _deflated(bytes(length))
