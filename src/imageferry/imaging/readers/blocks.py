"""The extents of a disk whose image has a table with one entry for each block."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Protocol

from imageferry.imaging.disk import Extent
from imageferry.imaging.errors import SOURCE_FAILED, TRUNCATED
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.inspectors.block_table import BlockTable
from imageferry.imaging.reader import BoundedReader
from imageferry.imaging.readers.coalesce import coalesce
from imageferry.imaging.readers.holes import without_holes
from imageferry.imaging.readers.raw import identical_extents
from imageferry.imaging.readers.tables import read_pieces
from imageferry.imaging.source import ByteSource


class Layout(Protocol):
    """What the headers of such an image say."""

    @property
    def virtual_size(self) -> int:
        """The disk's size in bytes."""
        ...

    @property
    def table(self) -> BlockTable | None:
        """Where the blocks are; ``None`` where the image keeps the disk as it is."""
        ...


class BlockTableReader(ABC):
    """An image with a table of blocks, or none, that stands for itself."""

    def __init__(self, source: ByteSource, inspection: Inspection) -> None:
        """Read its headers.

        Args:
            source: The image's bytes.
            inspection: What the inspection has found.

        Raises:
            ImageError: they cannot be read, or are not what was inspected.
        """
        layout = self._read_layout(BoundedReader(source))
        _check_unchanged(layout.virtual_size, inspection)
        self._source = source
        self._table = layout.table
        self.virtual_size = layout.virtual_size

    def extents(self) -> Iterator[Extent]:
        """The blocks that hold data; without a table, the parts of the source that may.

        Raises:
            ImageError: the table of blocks cannot be read, or cannot be right.
        """
        if self._table is None:
            return identical_extents(self._source, self.virtual_size)
        return block_extents(self._source, self._table, self.virtual_size)

    @staticmethod
    @abstractmethod
    def _read_layout(reader: BoundedReader) -> Layout:
        """Read the headers of the format."""


def _check_unchanged(virtual_size: int, inspection: Inspection) -> None:
    """Make sure that a disk has the size that was inspected, as limits were set by that."""
    if virtual_size != inspection.virtual_size:
        raise SOURCE_FAILED.error(
            f"The image's virtual size was {inspection.virtual_size} bytes at its inspection,"
            f" and is {virtual_size} now."
        )


def block_extents(source: ByteSource, table: BlockTable, virtual_size: int) -> Iterator[Extent]:
    """The blocks that an image keeps, neighbours joined, the last one cut at the disk's end.

    Holes of the source are left out.

    Args:
        source: The image's bytes.
        table: Where its blocks are.
        virtual_size: The disk's size in bytes.

    Raises:
        ImageError: the table cannot be read, or an entry cannot be right.
    """
    return without_holes(coalesce(_extents(source, table, virtual_size)), source)


def _extents(source: ByteSource, table: BlockTable, virtual_size: int) -> Iterator[Extent]:
    for block, place in _places(source, table):
        offset = block * table.block_size
        length = min(table.block_size, virtual_size - offset)
        data = place + table.lead_size
        if data + length > table.end:
            raise TRUNCATED.error(
                f"The image has {source.size} bytes, but keeps data at byte {place}."
            )
        yield Extent(offset, length, data, length)


def _places(source: ByteSource, table: BlockTable) -> Iterator[tuple[int, int]]:
    """The blocks that are kept, with their places, as the table is read piece by piece."""
    first = 0
    for piece in read_pieces(source, table.offset, table.length, table.name):
        yield from table.decode(first, piece)
        first += len(piece) // table.entry_size
