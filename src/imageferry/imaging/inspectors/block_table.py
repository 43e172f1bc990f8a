"""Tables with one entry for each block of a disk, as VHD, VHDX and VDI have them.

The gate and the reader of a format go by the same table: what an entry means is told once.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from imageferry.imaging.inspectors.extents import TABLE_BYTES, check_extents
from imageferry.imaging.reader import BoundedReader

Decode = Callable[[int, "array[int]"], Iterator[tuple[int, int]]]
"""Gets the number of a table's entry, and the entries from there on; tells which blocks are
kept, and where: the block's number, and a place in the image in bytes."""


@dataclass(frozen=True)
class BlockTable:
    """Where an image keeps the blocks of a disk.

    Attributes:
        name: What error messages call it, as ``VHD table``.
        offset: Where it begins in the image, in bytes.
        entries: How many of its entries the disk needs.
        type_code: What an entry is, in the words of :mod:`array`: ``I`` for 4 bytes, ``Q`` for 8.
        byte_order: The byte order of an entry.
        block_size: The bytes of the disk in a block; the disk may end within the last.
        lead_size: The bytes that a place has before the block's data.
        end: Where the room for blocks ends in the image, in bytes.
        decode: Tells the blocks of some entries. It raises ImageError for an entry that
            cannot be right.
    """

    name: str
    offset: int
    entries: int
    type_code: Literal["I", "Q"]
    byte_order: Literal["big", "little"]
    block_size: int
    lead_size: int
    end: int
    decode: Decode

    @property
    def entry_size(self) -> int:
        """The bytes of an entry."""
        return array(self.type_code).itemsize

    def places(self, reader: BoundedReader, first: int, count: int) -> Iterator[tuple[int, int]]:
        """The blocks of some entries that are kept: a block's number, and its place in bytes.

        Args:
            reader: The image.
            first: The number of the first entry.
            count: How many entries; all are read at once.

        Raises:
            ImageError: they cannot be read, or one cannot be right.
        """
        size = self.entry_size
        entries = array(
            self.type_code, reader.read(self.offset + first * size, count * size, self.name)
        )
        if self.byte_order != sys.byteorder:
            entries.byteswap()
        return self.decode(first, entries)


def check_blocks(reader: BoundedReader, table: BlockTable) -> bool:
    """Make sure that blocks lie within the image and apart from each other.

    Returns:
        Whether all of the table was looked at, not only as much as an inspection may read.

    Raises:
        ImageError: the image is refused.
    """
    count = min(table.entries, TABLE_BYTES // table.entry_size)
    places = [place for _, place in table.places(reader, 0, count)]
    check_extents(places, table.lead_size + table.block_size, table.end)
    return count == table.entries
