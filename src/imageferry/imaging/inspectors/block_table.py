"""Tables with one entry for each block of a disk, as VHD, VHDX and VDI have them.

The gate and the reader of a format go by the same table: what an entry means is told once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from imageferry.imaging.inspectors.extents import TABLE_BYTES, check_extents
from imageferry.imaging.reader import BoundedReader

Decode = Callable[[int, bytes], Iterator[tuple[int, int]]]
"""Gets the number of a table's entry, and the bytes of the entries from there on; tells which
blocks are kept, and where: the block's number, and a place in the image in bytes."""


@dataclass(frozen=True)
class BlockTable:
    """Where an image keeps the blocks of a disk.

    Attributes:
        name: What error messages call it, as ``VHD table``.
        offset: Where it begins in the image, in bytes.
        entries: How many of its entries the disk needs.
        entry_size: The bytes of an entry.
        block_size: The bytes of the disk in a block; the disk may end within the last.
        lead_size: The bytes that a place has before the block's data.
        end: Where the room for blocks ends in the image, in bytes.
        decode: Tells the blocks of some entries. It raises ImageError for an entry that
            cannot be right.
    """

    name: str
    offset: int
    entries: int
    entry_size: int
    block_size: int
    lead_size: int
    end: int
    decode: Decode

    @property
    def length(self) -> int:
        """The bytes of all entries that the disk needs."""
        return self.entries * self.entry_size


def check_blocks(reader: BoundedReader, table: BlockTable) -> bool:
    """Make sure that blocks lie within the image and apart from each other.

    Returns:
        Whether all of the table was looked at, not only as much as an inspection may read.

    Raises:
        ImageError: the image is refused.
    """
    length = min(table.length, TABLE_BYTES)
    data = reader.read(table.offset, length, table.name)
    places = [place for _, place in table.decode(0, data)]
    check_extents(places, table.lead_size + table.block_size, table.end)
    return length == table.length
