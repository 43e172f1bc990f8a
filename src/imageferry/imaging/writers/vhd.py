"""Dynamic VHD, written from its first byte to its last.

Layout: Microsoft's "Virtual Hard Disk Image Format Specification", version 1.0.
"""

from __future__ import annotations

import struct
import time
import uuid
from array import array

from imageferry.imaging.disk import Output, PlannedDisk
from imageferry.imaging.writers.blocks import FREE, BlockWriter, KeptBlocks
from imageferry.imaging.writers.tables import big_endian

BLOCK_SIZE = 2 * 1024 * 1024

LARGEST_SIZE = 2040 * 1024**3
"""The size in bytes beyond which Microsoft's programs and qemu refuse a VHD."""

_SECTOR = 512
_FOOTER = struct.Struct(">8sIIQI4sI4sQQHBBII16s")
_FOOTER_SIZE = 512
_FOOTER_CHECKSUM_AT = 64
_HEADER = struct.Struct(">8sQQIIII")
_HEADER_SIZE = 1024
_HEADER_CHECKSUM_AT = 36
_TABLE_AT = _FOOTER_SIZE + _HEADER_SIZE
_CREATOR = b"qem2"
_LARGEST_GEOMETRY = (65535, 16, 255)
_DYNAMIC = 3
_BEGIN_OF_TIME = 946_684_800
"""2000-01-01 00:00 UTC, from which a VHD counts its seconds."""

_BITMAP = b"\xff" * (BLOCK_SIZE // _SECTOR // 8)
"""All sectors of a block were written. A block of nothing but zeros has none that was."""


class VhdWriter(BlockWriter):
    """Writes a dynamic VHD.

    Args:
        output: Where to; everything comes in order.
        disk: The disk, no larger than :data:`LARGEST_SIZE`.
        state: The state of the writer to go on for; empty for a new image.
    """

    def __init__(self, output: Output, disk: PlannedDisk, state: bytes = b"") -> None:
        blocks = KeptBlocks.of(disk, BLOCK_SIZE)
        table_size = -(-len(blocks.numbers) * 4 // _SECTOR) * _SECTOR
        start = _TABLE_AT + table_size
        footer = _footer(disk.virtual_size)
        table = _table(blocks, start).ljust(table_size, b"\xff")
        head = footer + _header(len(blocks.numbers)) + table
        super().__init__(output, blocks, start, head=head, lead=_BITMAP, kept=footer, state=state)

    def finish(self, virtual_size: int) -> int:
        """Write the footer, and return the image's size in bytes.

        Raises:
            ValueError: the disk has not the size that the image's head tells.
        """
        end = super().finish(virtual_size)
        self._output.write(end, self._kept)
        return end + len(self._kept)


def _footer(virtual_size: int) -> bytes:
    """The footer.

    Programs disagree on whether the disk ends where its size says or where its geometry says.
    The largest geometry says nothing, and those that know creators take the size from this one,
    as for ``qemu-img convert -o force_size=on``.
    """
    footer = _FOOTER.pack(
        b"conectix",
        2,  # features: the bit that is always set
        0x10000,  # the format's version
        _FOOTER_SIZE,  # where the header stands
        max(0, int(time.time()) - _BEGIN_OF_TIME),
        _CREATOR,
        0x10000,  # the creator's version
        b"Wi2k",  # the creator's system, of two that there are
        virtual_size,  # once
        virtual_size,  # now
        *_LARGEST_GEOMETRY,
        _DYNAMIC,
        0,  # the checksum's place
        uuid.uuid4().bytes,
    )
    return _with_checksum(footer.ljust(_FOOTER_SIZE, b"\0"), _FOOTER_CHECKSUM_AT)


def _header(entries: int) -> bytes:
    header = _HEADER.pack(
        b"cxsparse",
        2**64 - 1,  # what would follow
        _TABLE_AT,
        0x10000,  # the header's version
        entries,
        BLOCK_SIZE,
        0,  # the checksum's place
    )
    return _with_checksum(header.ljust(_HEADER_SIZE, b"\0"), _HEADER_CHECKSUM_AT)


def _table(blocks: KeptBlocks, start: int) -> bytes:
    """Where each block stands with its bitmap, in sectors."""
    first, step = start // _SECTOR, (len(_BITMAP) + BLOCK_SIZE) // _SECTOR
    places = (FREE if number == FREE else first + number * step for number in blocks.numbers)
    return big_endian(array("I", places))


def _with_checksum(data: bytes, position: int) -> bytes:
    """The data with its checksum put where zeros stand for it."""
    checksum = ~sum(data) & 0xFFFFFFFF
    return data[:position] + checksum.to_bytes(4, "big") + data[position + 4 :]
