"""Dynamic VDI, written from its first byte to its last.

Layout: VirtualBox's ``VDICore.h`` and QEMU's ``block/vdi.c``.
"""

from __future__ import annotations

import struct
import uuid

from imageferry.imaging.disk import Output, PlannedDisk
from imageferry.imaging.writers.blocks import BlockWriter, KeptBlocks
from imageferry.imaging.writers.tables import little_endian

BLOCK_SIZE = 1024 * 1024

LARGEST_SIZE = 16 * 1024**4
"""The size in bytes of the largest disk whose table of blocks our own inspection takes in."""

_SECTOR = 512
_PAGE = 4096
_HEADER = struct.Struct("<64sIIIII256sIIIIIIIQIIII16s16s16s16s")
_LENGTH_COUNTED_FROM = 72
_TABLE_AT = 512
_DYNAMIC = 1
_NO_UUID = bytes(16)


class VdiWriter(BlockWriter):
    """Writes a dynamic VDI.

    Args:
        output: Where to; everything comes in order.
        disk: The disk, no larger than :data:`LARGEST_SIZE`.
        state: The state of the writer to go on for; empty for a new image.
    """

    def __init__(self, output: Output, disk: PlannedDisk, state: bytes = b"") -> None:
        blocks = KeptBlocks.of(disk, BLOCK_SIZE)
        table = little_endian(blocks.numbers)
        start = -(-(_TABLE_AT + len(table)) // _PAGE) * _PAGE
        head = _header(blocks, start).ljust(_TABLE_AT, b"\0") + table
        super().__init__(output, blocks, start, head=head, state=state)


def _header(blocks: KeptBlocks, start: int) -> bytes:
    return _HEADER.pack(
        b"<<< imageferry Virtual Disk Image >>>\n",
        0xBEDA107F,  # the format's mark
        0x00010001,  # version 1.1
        _HEADER.size - _LENGTH_COUNTED_FROM,
        _DYNAMIC,
        0,  # flags
        b"",  # comment
        _TABLE_AT,
        start,
        0,  # cylinders: the geometry is left to whoever starts the disk
        0,  # heads
        0,  # sectors
        _SECTOR,
        0,  # not used
        blocks.virtual_size,
        blocks.block_size,
        0,  # extra bytes before each block
        len(blocks.numbers),
        blocks.count,
        uuid.uuid4().bytes_le,  # the disk's
        uuid.uuid4().bytes_le,  # its last change's
        _NO_UUID,  # its parent's
        _NO_UUID,  # its parent's last change's
    )
