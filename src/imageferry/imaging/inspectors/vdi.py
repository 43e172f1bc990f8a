"""VDI, VirtualBox's format. Its layout: VirtualBox's ``VDICore.h`` and QEMU's ``block/vdi.c``."""

from __future__ import annotations

import struct
import sys
from array import array

from imageferry.imaging.errors import BACKING_FILE, CORRUPT, FORMAT_UNSUPPORTED
from imageferry.imaging.formats import Format
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.inspectors.extents import TABLE_BYTES, check_extents
from imageferry.imaging.reader import BoundedReader

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


def inspect(reader: BoundedReader) -> Inspection:
    """Accept a dynamic or static disk of version 1.1 that has no parent.

    Raises:
        ImageError: the image is refused.
    """
    fields = _HEADER.unpack(reader.read(0, _HEADER.size, "VDI header"))
    mark, version, _, kind, _ = fields[1:6]
    table_offset, data_offset = fields[7:9]
    sector_size, disk_size, block_size, blocks = fields[12], *fields[14:16], fields[17]
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
    if table_offset % _SECTOR or data_offset % _SECTOR:
        raise CORRUPT.error(f"The VDI's table and data lie at {table_offset} and {data_offset}.")
    if blocks > _MAX_BLOCKS or disk_size > blocks * _BLOCK:
        raise CORRUPT.error(f"The VDI's {blocks} blocks do not hold its {disk_size} bytes.")
    complete = _check_table(reader, table_offset, data_offset, -(-disk_size // _BLOCK))
    virtual_size = -(-disk_size // _SECTOR) * _SECTOR
    return Inspection(Format.VDI, _KINDS[kind], virtual_size, complete=complete)


def _check_table(reader: BoundedReader, table_offset: int, data_offset: int, blocks: int) -> bool:
    wanted = blocks * 4
    readable = min(wanted, TABLE_BYTES)
    table = array("I", reader.read(table_offset, readable, "VDI table"))
    if sys.byteorder == "big":
        table.byteswap()
    places = [data_offset + entry * _BLOCK for entry in table if entry < _UNALLOCATED]
    check_extents(places, _BLOCK, reader.size)
    return readable == wanted
