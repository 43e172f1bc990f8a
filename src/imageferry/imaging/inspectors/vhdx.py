"""VHDX. Its layout: Microsoft's open specification MS-VHDX."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from imageferry.imaging.errors import (
    BACKING_FILE,
    CORRUPT,
    FORMAT_UNSUPPORTED,
    IMAGE_SIZE,
    NOT_CLEAN,
)
from imageferry.imaging.formats import Format
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.inspectors.block_table import BlockTable, check_blocks
from imageferry.imaging.inspectors.crc32c import crc32c
from imageferry.imaging.reader import BoundedReader
from imageferry.imaging.words import little_endian_64

_KIB = 1024
_MIB = 1024 * 1024

_HEADER_OFFSETS = (64 * _KIB, 128 * _KIB)
_HEADER_SIZE = 4 * _KIB
_HEADER = struct.Struct("<4sIQ16s16s16sHHIQ")
_REGIONS_OFFSET = 192 * _KIB
_REGIONS_SIZE = 64 * _KIB
_REGIONS = struct.Struct("<4sIII")
_REGION = struct.Struct("<16sQII")
_MAX_REGIONS = 2047
_METADATA = struct.Struct("<8sHH20s")
_METADATA_ENTRY = struct.Struct("<16sIIII")
_METADATA_TABLE_SIZE = 64 * _KIB
_MAX_METADATA_ENTRIES = 2047

_TABLE_REGION = UUID("2DC27766-F623-4200-9D64-115E9BFD4A08").bytes_le
_METADATA_REGION = UUID("8B7CA206-4790-4B9A-B8FE-575F050F886E").bytes_le
_FILE_PARAMETERS = UUID("CAA16737-FA36-4D43-B3B6-33F0AA44E76B").bytes_le
_DISK_SIZE = UUID("2FA54224-CD1B-4876-B211-5DBED83BF4B8").bytes_le
_DISK_ID = UUID("BECA12AB-B2E6-4523-93EF-C309E000C746").bytes_le
_LOGICAL_SECTOR = UUID("8141BF1D-A96F-4709-BA47-F233A8FAAB5F").bytes_le
_PHYSICAL_SECTOR = UUID("CDA348C7-445D-4471-9CC9-E9885251C556").bytes_le
_PARENT_LOCATOR = UUID("A8D35F2D-B30B-454D-ABF7-D3D84834AB0C").bytes_le

_HAS_PARENT = 1 << 1
_REQUIRED = 1 << 2
_MAX_VIRTUAL_SIZE = 64 * 1024**4
_MAX_BLOCKS = 2**32 - 1
_MAX_TABLE_BYTES = 64 * _MIB
"""qemu holds the whole table in memory; this is enough for 64 TiB in blocks of 8 MiB."""
_SECTOR = 512

_STATE_MASK = 7
_ZERO_STATES = frozenset((0, 1, 2, 3, 5))
"""Not present, undefined, zero, unmapped, and unmapped as drafts of the format had it."""
_PRESENT = 6
_PARTIAL = 7
_OFFSET_SHIFT = 20


@dataclass(frozen=True)
class _Region:
    offset: int
    length: int


@dataclass(frozen=True)
class _Geometry:
    virtual_size: int
    block_size: int

    @property
    def blocks(self) -> int:
        return -(-self.virtual_size // self.block_size)

    @property
    def chunk_ratio(self) -> int:
        """Blocks after which the table has one entry for a bitmap."""
        return (2**23 * _SECTOR) // self.block_size

    @property
    def table_entries(self) -> int:
        return self.blocks + max(0, self.blocks - 1) // self.chunk_ratio

    def decode(self, first: int, table: bytes) -> Iterator[tuple[int, int]]:
        """The blocks that are kept; entries for bitmaps, which stand between, are no blocks."""
        for index, entry in enumerate(little_endian_64(table), first):
            state = entry & _STATE_MASK
            if state in _ZERO_STATES:
                continue
            chunk, position = divmod(index, self.chunk_ratio + 1)
            if position == self.chunk_ratio:
                continue
            if state == _PARTIAL:
                raise BACKING_FILE.error("The VHDX has blocks that are partly in another disk.")
            if state != _PRESENT:
                raise CORRUPT.error(f"The VHDX has a block in state {state}.")
            yield index - chunk, entry >> _OFFSET_SHIFT << _OFFSET_SHIFT


@dataclass(frozen=True)
class Layout:
    """How a VHDX keeps its disk.

    Attributes:
        virtual_size: The disk's size in bytes.
        table: Where its blocks are.
    """

    virtual_size: int
    table: BlockTable


def inspect(reader: BoundedReader) -> Inspection:
    """Accept a disk that was closed cleanly and has no parent.

    The bounds on size and blocks keep qemu from reading outside of its own memory,
    which every release so far does.

    Raises:
        ImageError: the image is refused.
    """
    layout = read_layout(reader)
    complete = check_blocks(reader, layout.table)
    return Inspection(Format.VHDX, "dynamic", layout.virtual_size, complete=complete)


def read_layout(reader: BoundedReader) -> Layout:
    """Read and check all but the blocks.

    Raises:
        ImageError: the image is refused.
    """
    _check_log(reader)
    regions = _read_regions(reader)
    geometry = _read_geometry(reader, regions[_METADATA_REGION])
    return Layout(geometry.virtual_size, _table(reader, regions[_TABLE_REGION], geometry))


def _check_log(reader: BoundedReader) -> None:
    """Refuse every valid header with a log: which one counts must not matter."""
    valid = 0
    for offset in _HEADER_OFFSETS:
        data = reader.read(offset, _HEADER_SIZE, "VHDX header")
        mark, checksum, _, _, _, log_id, _, version, _, _ = _HEADER.unpack_from(data)
        if mark != b"head" or checksum != _checksum(data):
            continue
        valid += 1
        if version != 1:
            raise FORMAT_UNSUPPORTED.error(f"The VHDX is version {version}.")
        if any(log_id):
            raise NOT_CLEAN.error("The VHDX has a log that was not written back.")
    if not valid:
        raise CORRUPT.error("The VHDX has no valid header.")


def _checksum(data: bytes) -> int:
    return crc32c(data[:4] + bytes(4) + data[8:])


def _read_regions(reader: BoundedReader) -> dict[bytes, _Region]:
    data = reader.read(_REGIONS_OFFSET, _REGIONS_SIZE, "VHDX region table")
    mark, checksum, count, _ = _REGIONS.unpack_from(data)
    if mark != b"regi" or checksum != _checksum(data) or count > _MAX_REGIONS:
        raise CORRUPT.error("The VHDX's region table is damaged.")
    regions: dict[bytes, _Region] = {}
    for index in range(count):
        name, offset, length, required = _REGION.unpack_from(
            data, _REGIONS.size + index * _REGION.size
        )
        if name in regions or offset < _MIB or offset % _MIB or length % _MIB:
            raise CORRUPT.error(f"The VHDX has a damaged region at byte {offset}.")
        if name not in (_TABLE_REGION, _METADATA_REGION) and required:
            raise FORMAT_UNSUPPORTED.error(f"The VHDX needs region {UUID(bytes_le=name)}.")
        regions[name] = _Region(offset, length)
    if not {_TABLE_REGION, _METADATA_REGION} <= regions.keys():
        raise CORRUPT.error("The VHDX lacks its table of blocks or its metadata.")
    return regions


def _read_geometry(reader: BoundedReader, region: _Region) -> _Geometry:
    items = _read_metadata(reader, region)
    try:
        block_size, flags = struct.unpack("<II", items[_FILE_PARAMETERS][:8])
        (virtual_size,) = struct.unpack("<Q", items[_DISK_SIZE][:8])
        (sector,) = struct.unpack("<I", items[_LOGICAL_SECTOR][:4])
    except (KeyError, struct.error):
        raise CORRUPT.error("The VHDX lacks a required piece of metadata.") from None
    if flags & _HAS_PARENT or _PARENT_LOCATOR in items:
        raise BACKING_FILE.error("The VHDX is a differencing disk.")
    if sector != _SECTOR:
        raise FORMAT_UNSUPPORTED.error(f"The VHDX has sectors of {sector} bytes.")
    if block_size.bit_count() != 1 or not _MIB <= block_size <= 256 * _MIB:
        raise CORRUPT.error(f"The VHDX has blocks of {block_size} bytes.")
    geometry = _Geometry(virtual_size, block_size)
    if virtual_size > _MAX_VIRTUAL_SIZE or geometry.blocks > _MAX_BLOCKS:
        raise IMAGE_SIZE.error(f"The VHDX's virtual size is {virtual_size} bytes.")
    if virtual_size % _SECTOR:
        raise CORRUPT.error(f"The VHDX's size of {virtual_size} bytes is no whole sector.")
    return geometry


def _read_metadata(reader: BoundedReader, region: _Region) -> dict[bytes, bytes]:
    table = reader.read(region.offset, _METADATA_TABLE_SIZE, "VHDX metadata")
    mark, _, count, _ = _METADATA.unpack_from(table)
    if mark != b"metadata" or count > _MAX_METADATA_ENTRIES:
        raise CORRUPT.error("The VHDX's metadata is damaged.")
    known = (_FILE_PARAMETERS, _DISK_SIZE, _DISK_ID, _LOGICAL_SECTOR, _PHYSICAL_SECTOR)
    items: dict[bytes, bytes] = {}
    for index in range(count):
        name, offset, length, flags, _ = _METADATA_ENTRY.unpack_from(
            table, _METADATA.size + index * _METADATA_ENTRY.size
        )
        if name in items:
            raise CORRUPT.error(f"The VHDX has the metadata {UUID(bytes_le=name)} twice.")
        if name not in (*known, _PARENT_LOCATOR) and flags & _REQUIRED:
            raise FORMAT_UNSUPPORTED.error(f"The VHDX needs metadata {UUID(bytes_le=name)}.")
        if offset + length > region.length:
            raise CORRUPT.error(f"The VHDX's metadata of {length} bytes lies outside its region.")
        items[name] = reader.read(region.offset + offset, min(length, 16), "VHDX metadata")
    return items


def _table(reader: BoundedReader, region: _Region, geometry: _Geometry) -> BlockTable:
    wanted = geometry.table_entries * 8
    if not wanted <= region.length <= _MAX_TABLE_BYTES:
        raise CORRUPT.error(
            f"The VHDX's table of blocks has {region.length} bytes where {wanted} are needed."
        )
    return BlockTable(
        name="VHDX table",
        offset=region.offset,
        entries=geometry.table_entries,
        entry_size=8,
        block_size=geometry.block_size,
        lead_size=0,
        end=reader.size,
        decode=geometry.decode,
    )
