"""VDI, VirtualBox's format. Its layout: VirtualBox's ``VDICore.h`` and QEMU's ``block/vdi.c``."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from imageferry.imaging.errors import BACKING_FILE, CORRUPT, FORMAT_UNSUPPORTED
from imageferry.imaging.formats import Format
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.inspectors.block_table import BlockTable, check_blocks
from imageferry.imaging.reader import BoundedReader
from imageferry.imaging.words import little_endian_32

_HEADER = struct.Struct("<64sIIIII256sIIIIIIIQIIII16s16s16s16s")
_MARK = 0xBEDA107F
_VERSION_1_1 = 0x00010001
_KINDS = {1: "dynamic", 2: "static"}
_DIFFERENCING = 4
_SECTOR = 512
_BLOCK = 1024 * 1024
_MAX_BLOCKS = 2**24
"""qemu holds the whole table in memory; this is enough for 16 TiB."""

_UNALLOCATED = 0xFFFFFFFE
"""This and the word above it stand for blocks that are not kept."""

_NO_UUID = bytes(16)


@dataclass(frozen=True)
class Layout:
    """How a VDI keeps its disk.

    Attributes:
        subformat: ``dynamic`` or ``static``.
        virtual_size: The disk's size in bytes.
        table: Where its blocks are.
    """

    subformat: str
    virtual_size: int
    table: BlockTable


def inspect(reader: BoundedReader) -> Inspection:
    """Accept a dynamic or static disk of version 1.1 that has no parent.

    Raises:
        ImageError: the image is refused.
    """
    layout = read_layout(reader)
    complete = check_blocks(reader, layout.table)
    return Inspection(Format.VDI, layout.subformat, layout.virtual_size, complete=complete)


def read_layout(reader: BoundedReader) -> Layout:
    """Read and check all but the blocks.

    Raises:
        ImageError: the image is refused.
    """
    fields = _HEADER.unpack(reader.read(0, _HEADER.size, "VDI header"))
    mark, version, _, kind, _ = fields[1:6]
    table_offset, data_offset = fields[7:9]
    sector_size, disk_size, block_size, extra, blocks = fields[12], *fields[14:18]
    link, parent = fields[21:23]
    if kind == _DIFFERENCING or link != _NO_UUID or parent != _NO_UUID:
        raise BACKING_FILE.error("The VDI is a differencing disk.")
    if mark != _MARK or version != _VERSION_1_1:
        raise FORMAT_UNSUPPORTED.error(f"The VDI is version {version >> 16}.{version & 0xFFFF}.")
    if kind not in _KINDS:
        raise FORMAT_UNSUPPORTED.error(f"The VDI's type is {kind}.")
    if sector_size != _SECTOR or block_size != _BLOCK:
        raise FORMAT_UNSUPPORTED.error(
            f"The VDI has sectors of {sector_size} and blocks of {block_size} bytes."
        )
    if extra:  # VirtualBox skips these bytes, qemu reads them as the guest's
        raise FORMAT_UNSUPPORTED.error(f"The VDI has {extra} extra bytes before each block.")
    if table_offset % _SECTOR or data_offset % _SECTOR:
        raise CORRUPT.error(f"The VDI's table and data lie at {table_offset} and {data_offset}.")
    if blocks > _MAX_BLOCKS or disk_size > blocks * _BLOCK:
        raise CORRUPT.error(f"The VDI's {blocks} blocks do not hold its {disk_size} bytes.")
    virtual_size = -(-disk_size // _SECTOR) * _SECTOR
    table = _table(reader, table_offset, data_offset, -(-disk_size // _BLOCK))
    return Layout(_KINDS[kind], virtual_size, table)


def _table(reader: BoundedReader, offset: int, data_offset: int, blocks: int) -> BlockTable:
    def decode(first: int, table: bytes) -> Iterator[tuple[int, int]]:
        for block, entry in enumerate(little_endian_32(table), first):
            if entry < _UNALLOCATED:
                yield block, data_offset + entry * _BLOCK

    return BlockTable(
        name="VDI table",
        offset=offset,
        entries=blocks,
        entry_size=4,
        block_size=_BLOCK,
        lead_size=0,
        end=reader.size,
        decode=decode,
    )
