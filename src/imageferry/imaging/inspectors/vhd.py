"""VHD, fixed and dynamic.

Its layout: Microsoft's "Virtual Hard Disk Image Format Specification", version 1.0.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from imageferry.imaging.errors import BACKING_FILE, CORRUPT, FORMAT_UNSUPPORTED, TRUNCATED, VHD_SIZE
from imageferry.imaging.formats import Format
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.inspectors.block_table import BlockTable, check_blocks
from imageferry.imaging.reader import BoundedReader
from imageferry.imaging.words import big_endian_32

_SECTOR = 512
_FOOTER_SIZE = 512
_FOOTER = struct.Struct(">8sIIQI4sIIQQHBBII")
_CHECKSUM_AT = 64
_DYNAMIC_HEADER_SIZE = 1024
_DYNAMIC_HEADER = struct.Struct(">8sQQIIII")
_DYNAMIC_CHECKSUM_AT = 36
_MARK = b"conectix"
_DYNAMIC_MARK = b"cxsparse"

_FIXED = 2
_DYNAMIC = 3
_DIFFERENCING = 4

_MAX_GEOMETRY_SECTORS = 65535 * 16 * 255
_MAX_SECTORS = 0xFF000000
_GEOMETRY_CREATORS = (b"vpc ", b"qemu")
"""Programs for which the disk ends where its geometry says, not where its size says."""

_UNALLOCATED = 0xFFFFFFFF
_SMALLEST_BLOCK = 4096
"""qemu takes smaller ones to have no bitmap, against the specification."""
_LARGEST_BLOCK = 256 * 1024 * 1024
_MAX_TABLE_ENTRIES = 2**22
"""qemu holds the whole table in memory; this is enough for 2040 GiB in blocks of 512 KiB."""


@dataclass(frozen=True)
class _Footer:
    data: bytes
    data_offset: int
    creator: bytes
    current_size: int
    geometry_sectors: int
    kind: int

    @property
    def uses_geometry(self) -> bool:
        """Where qemu and we take the size from the geometry (rule of QEMU's ``block/vpc.c``)."""
        at_maximum = self.geometry_sectors == _MAX_GEOMETRY_SECTORS
        return self.creator in _GEOMETRY_CREATORS and not at_maximum

    @property
    def virtual_size(self) -> int:
        if self.uses_geometry:
            return self.geometry_sectors * _SECTOR
        return self.current_size // _SECTOR * _SECTOR


@dataclass(frozen=True)
class Layout:
    """How a VHD keeps its disk.

    Attributes:
        virtual_size: The disk's size in bytes.
        uses_geometry: The size was taken from the geometry.
        table: Where a dynamic disk's blocks are; None for a fixed disk, whose bytes are the
            file's from the beginning.
    """

    virtual_size: int
    uses_geometry: bool
    table: BlockTable | None


def inspect(reader: BoundedReader) -> Inspection:
    """Accept a fixed or dynamic disk that has no parent and whose blocks are all there.

    Raises:
        ImageError: the image is refused.
    """
    layout = read_layout(reader)
    complete = layout.table is None or check_blocks(reader, layout.table)
    return Inspection(
        Format.VHD,
        "fixed" if layout.table is None else "dynamic",
        layout.virtual_size,
        {"force_size_calc": "chs" if layout.uses_geometry else "current_size"},
        complete=complete,
    )


def read_layout(reader: BoundedReader) -> Layout:
    """Read and check all but the blocks.

    Raises:
        ImageError: the image is refused.
    """
    footer = _read_footer(reader, reader.size - _FOOTER_SIZE)
    if footer.kind == _DIFFERENCING:
        raise BACKING_FILE.error("The VHD is a differencing disk (type 4).")
    if footer.kind not in (_FIXED, _DYNAMIC):
        raise FORMAT_UNSUPPORTED.error(f"The VHD's disk type is {footer.kind}.")
    if footer.virtual_size > _MAX_SECTORS * _SECTOR:
        raise VHD_SIZE.error(f"The VHD's virtual size is {footer.virtual_size} bytes.")
    table = None
    if footer.kind == _FIXED:
        _check_fixed(reader, footer)
    else:
        table = _read_dynamic(reader, footer)
    return Layout(footer.virtual_size, footer.uses_geometry, table)


def _read_footer(reader: BoundedReader, offset: int) -> _Footer:
    data = reader.read(offset, _FOOTER_SIZE, "VHD footer")
    fields = _FOOTER.unpack_from(data)
    if fields[0] != _MARK:
        kind = TRUNCATED if offset else CORRUPT
        raise kind.error(f"The VHD has no footer at byte {offset}.")
    _check_checksum(data, _CHECKSUM_AT, "footer")
    cylinders, heads, sectors = fields[10:13]
    return _Footer(data, fields[3], fields[5], fields[9], cylinders * heads * sectors, fields[13])


def _check_checksum(data: bytes, position: int, what: str) -> None:
    stated = int.from_bytes(data[position : position + 4], "big")
    others = sum(data) - sum(data[position : position + 4])
    if stated != ~others & 0xFFFFFFFF:
        raise CORRUPT.error(f"The checksum of the VHD's {what} is wrong ({stated:#010x}).")


def _check_fixed(reader: BoundedReader, footer: _Footer) -> None:
    if reader.read(0, len(_MARK), "start") == _MARK:
        raise CORRUPT.error("The VHD is a fixed disk, but starts like a dynamic one.")
    room = reader.size - _FOOTER_SIZE
    if footer.virtual_size > room:
        raise VHD_SIZE.error(
            f"The VHD's virtual size is {footer.virtual_size} bytes,"
            f" but its file has room for {room}."
        )


def _read_dynamic(reader: BoundedReader, footer: _Footer) -> BlockTable:
    """Check the header, and tell what it says of the table."""
    copy = _read_footer(reader, 0)
    if _identity(copy) != _identity(footer):
        raise CORRUPT.error("The VHD's footer and its copy at the start do not agree.")
    header = reader.read(footer.data_offset, _DYNAMIC_HEADER_SIZE, "VHD header")
    mark, _, table_offset, _, entries, block_size, _ = _DYNAMIC_HEADER.unpack_from(header)
    if mark != _DYNAMIC_MARK:
        raise CORRUPT.error(f"The VHD has no header at byte {footer.data_offset}.")
    _check_checksum(header, _DYNAMIC_CHECKSUM_AT, "header")
    if block_size.bit_count() != 1 or not _SMALLEST_BLOCK <= block_size <= _LARGEST_BLOCK:
        raise CORRUPT.error(f"The VHD has blocks of {block_size} bytes.")
    if entries > _MAX_TABLE_ENTRIES:
        raise CORRUPT.error(f"The VHD's table has {entries} entries.")
    if entries * block_size < footer.virtual_size:
        raise VHD_SIZE.error(
            f"The VHD's virtual size is {footer.virtual_size} bytes, but its table has"
            f" {entries} blocks of {block_size}."
        )
    return BlockTable(
        name="VHD table",
        offset=table_offset,
        entries=-(-footer.virtual_size // block_size),
        entry_size=4,
        block_size=block_size,
        lead_size=-(-block_size // (_SECTOR * 8 * _SECTOR)) * _SECTOR,
        end=reader.size - _FOOTER_SIZE,
        decode=_blocks,
    )


def _blocks(first: int, table: bytes) -> Iterator[tuple[int, int]]:
    """The blocks that are kept.

    A bitmap before each says which of its sectors were written. QEMU's ``block/vpc.c`` reads
    all of them whatever it says, and so do we.
    """
    for block, entry in enumerate(big_endian_32(table), first):
        if entry != _UNALLOCATED:
            yield block, entry * _SECTOR


def _identity(footer: _Footer) -> tuple[int, bytes, int, int, int]:
    return (
        footer.data_offset,
        footer.creator,
        footer.current_size,
        footer.geometry_sectors,
        footer.kind,
    )
