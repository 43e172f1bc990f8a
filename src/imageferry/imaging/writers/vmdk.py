"""VMDK streamOptimized, written from its first byte to its last.

The grains stand in the order of the disk, each grain table behind the grains that it maps,
and behind them all the grain directory and a copy of the header that tells its place. Zero
grains are left out. Layout: VMware's "Virtual Disk Format 5.0".
"""

from __future__ import annotations

import secrets
import struct
from array import array
from dataclasses import dataclass
from enum import IntEnum

import msgspec
from isal import isal_zlib

from imageferry.imaging.disk import Output, PlannedDisk
from imageferry.imaging.errors import FORMAT_LIMIT
from imageferry.imaging.inspectors.vmdk_header import (
    HAS_COMPRESSED_GRAINS,
    HAS_MARKERS,
    SECTOR,
)
from imageferry.imaging.writers.tables import little_endian
from imageferry.imaging.zeros import GRANULE, data_runs

GRAIN_SIZE = GRANULE

_TABLE_ENTRIES = 512
_GRAIN_SECTORS = GRAIN_SIZE // SECTOR
_TABLE_SECTORS = _TABLE_ENTRIES * _GRAIN_SECTORS
_DESCRIPTOR_SECTORS = 20
_OVERHEAD_SECTORS = 128
_LAST_SECTOR = 0xFFFFFFFF
_HEADER = struct.Struct("<4sIIQQQQIQQQB4sH")
_VALID_NEWLINES = 1
_DEFLATE = 1
_LEVEL = 1
_DIRECTORY_AT_END = 0xFFFFFFFFFFFFFFFF
_GRAIN_MARKER = struct.Struct("<QI")
_MARKER = struct.Struct("<QII")
_HEADS, _SECTORS_OF_TRACK = 255, 63
_HIGHEST_CONTENT_ID = 0xFFFFFFFD
"""The two above it stand for no parent, and for content that is being changed."""

_DESCRIPTOR = """\
# Disk DescriptorFile
version=1
CID={content_id:08x}
parentCID=ffffffff
createType="streamOptimized"

# Extent description
RW {capacity} SPARSE "disk.vmdk"

# The Disk Data Base
#DDB

ddb.virtualHWVersion = "4"
ddb.geometry.cylinders = "{cylinders}"
ddb.geometry.heads = "{heads}"
ddb.geometry.sectors = "{sectors}"
ddb.adapterType = "lsilogic"
"""


class _Marked(IntEnum):
    """What follows a marker."""

    END = 0
    GRAIN_TABLE = 1
    GRAIN_DIRECTORY = 2
    FOOTER = 3


@dataclass(frozen=True)
class _Packed:
    """The grains of a block.

    Attributes:
        table: The number of the grain table that maps them.
        grains: Of each its number in that table, and where in ``data`` it begins, in sectors.
        data: The grains, each with its marker.
    """

    table: int
    grains: list[tuple[int, int]]
    data: bytes


class _State(msgspec.Struct, frozen=True):
    """What a writer knows: the image's end in sectors, and the tables that it has not written."""

    end: int
    directory: bytes
    table: bytes


class VmdkWriter:
    """Writes a streamOptimized VMDK.

    Args:
        output: Where to; everything comes in order.
        disk: The disk.
        state: The state of the writer to go on for; empty for a new image.
    """

    def __init__(self, output: Output, disk: PlannedDisk, state: bytes = b"") -> None:
        begun = msgspec.msgpack.decode(state, type=_State) if state else _State(0, b"", b"")
        self._output = output
        self._capacity = disk.virtual_size // SECTOR
        self._end = begun.end
        self._directory = array("I", begun.directory)
        self._table = array("I", begun.table)
        if not state:
            head = _header(self._capacity, _DIRECTORY_AT_END) + _descriptor(self._capacity)
            self._put(head.ljust(_OVERHEAD_SECTORS * SECTOR, b"\0"))

    @property
    def end(self) -> int:
        """Where the last bytes that were written end."""
        return self._end * SECTOR

    def state(self) -> bytes:
        """What another one has to know to go on behind the last block that was appended."""
        state = _State(self._end, self._directory.tobytes(), self._table.tobytes())
        return msgspec.msgpack.encode(state)

    def pack(self, offset: int, data: bytes | bytearray | memoryview) -> _Packed:
        """Leave the zero grains of a block out, and compress the others."""
        view = memoryview(data)
        table, first = divmod(offset // GRAIN_SIZE, _TABLE_ENTRIES)
        packed = bytearray()
        grains = []
        for begin, end in data_runs(view):
            for start in range(begin, end, GRAIN_SIZE):
                grains.append((first + start // GRAIN_SIZE, len(packed) // SECTOR))
                packed += _grain(offset + start, view[start : start + GRAIN_SIZE])
        return _Packed(table, grains, bytes(packed))

    def append(self, packed: _Packed) -> None:
        """Write the grains of a block, and the table of those before it when it is full.

        Raises:
            ImageError: the image has become larger than a VMDK can be.
        """
        if not packed.grains:
            return
        self._turn_to(packed.table)
        place = self._put(packed.data)
        for index, sector in packed.grains:
            self._table[index] = place + sector

    def finish(self, virtual_size: int) -> int:
        """Write the tables that are left, and the footer.

        Raises:
            ImageError: the image has become larger than a VMDK can be.
            ValueError: the disk has not the size that the image's head tells.
        """
        if virtual_size != self._capacity * SECTOR:
            raise ValueError(f"The head tells {self._capacity * SECTOR}, not {virtual_size}.")
        self._turn_to(-(-self._capacity // _TABLE_SECTORS))
        directory = self._put_marked(_Marked.GRAIN_DIRECTORY, little_endian(self._directory))
        self._put_marked(_Marked.FOOTER, _header(self._capacity, directory))
        self._put(_marker(0, _Marked.END))
        return self._end * SECTOR

    def _turn_to(self, table: int) -> None:
        """Be at the table of that number: write the one before, and note that others lack."""
        while len(self._directory) < table:
            place = 0
            if any(self._table):
                place = self._put_marked(_Marked.GRAIN_TABLE, little_endian(self._table))
            self._directory.append(place)
            self._table = array("I")
        if not self._table:
            self._table = array("I", bytes(4 * _TABLE_ENTRIES))

    def _put_marked(self, kind: _Marked, data: bytes) -> int:
        """Append a marker and what it marks; where that begins, in sectors."""
        data = _whole_sectors(data)
        return self._put(_marker(len(data) // SECTOR, kind) + data) + 1

    def _put(self, data: bytes) -> int:
        """Append whole sectors; where they begin, in sectors."""
        place = self._end
        self._end += len(data) // SECTOR
        if self._end > _LAST_SECTOR:
            raise FORMAT_LIMIT.error(f"The VMDK would take {self._end * SECTOR} bytes and more.")
        self._output.write(place * SECTOR, data)
        return place


def _header(capacity: int, directory: int) -> bytes:
    header = _HEADER.pack(
        b"KDMV",
        3,  # version
        _VALID_NEWLINES | HAS_COMPRESSED_GRAINS | HAS_MARKERS,
        capacity,
        _GRAIN_SECTORS,
        1,  # the descriptor's place
        _DESCRIPTOR_SECTORS,
        _TABLE_ENTRIES,
        0,  # no second directory
        directory,
        _OVERHEAD_SECTORS,
        0,  # closed properly
        b"\n \r\n",  # what a copy as text would change
        _DEFLATE,
    )
    return _whole_sectors(header)


def _descriptor(capacity: int) -> bytes:
    text = _DESCRIPTOR.format(
        content_id=secrets.randbelow(_HIGHEST_CONTENT_ID + 1),
        capacity=capacity,
        cylinders=-(-capacity // (_HEADS * _SECTORS_OF_TRACK)),
        heads=_HEADS,
        sectors=_SECTORS_OF_TRACK,
    )
    return text.encode()


def _grain(offset: int, data: memoryview) -> bytes:
    """A grain as it is stored; the one in which the disk ends is filled up."""
    plain = bytes(data).ljust(GRAIN_SIZE, b"\0")
    packed = isal_zlib.compress(plain, _LEVEL)
    return _whole_sectors(_GRAIN_MARKER.pack(offset // SECTOR, len(packed)) + packed)


def _marker(sectors: int, kind: _Marked) -> bytes:
    return _whole_sectors(_MARKER.pack(sectors, 0, kind))


def _whole_sectors(data: bytes) -> bytes:
    return data + bytes(-len(data) % SECTOR)
