"""The blocks of a disk: cut out of a reader's extents, loaded one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Protocol

from imageferry.imaging.buffers import page_aligned
from imageferry.imaging.disk import BLOCK_SIZE, DiskReader, Extent, Packing
from imageferry.imaging.source import CHUNK_SIZE, ended_early
from imageferry.imaging.stretches import Stretch, stretches
from imageferry.imaging.unpacking import unpack


class TakenSource(Protocol):
    """An image's bytes, each of them taken once."""

    def take(self, place: int, length: int) -> bytes | memoryview:
        """The bytes at a place; fewer only at the image's end. Safe in threads."""
        ...


class Block(Protocol):
    """One block of a disk."""

    @property
    def offset(self) -> int:
        """Where it begins on the disk, in bytes."""
        ...

    @property
    def cost(self) -> int:
        """The bytes of the source that it is made of."""
        ...

    def load(self) -> bytes | bytearray | memoryview:
        """Its bytes. Safe in threads."""
        ...


@dataclass(frozen=True)
class ExtentBlock:
    """A block that is put together from extents of an image.

    Attributes:
        offset: Where it begins on the disk, in bytes.
        length: Its length in bytes: the block size, less at the disk's end.
        stretches: What of it holds data, by offset.
        source: The image's bytes.
    """

    offset: int
    length: int
    stretches: tuple[Stretch, ...]
    source: TakenSource

    @property
    def cost(self) -> int:
        """The bytes of the source that it is made of."""
        return sum(stretch.cost for stretch in self.stretches)

    def load(self) -> bytes | bytearray | memoryview:
        """Its bytes.

        Raises:
            ImageError: data is damaged.
            OSError: it cannot be read.
        """
        pieces = chain.from_iterable(map(self._load, self.stretches))
        if self.stretches[0].extents[0].length == self.length:
            return next(pieces)[1]
        data = page_aligned(self.length)
        for extent, piece in pieces:
            start = extent.offset - self.offset
            data[start : start + extent.length] = piece
        return data

    def _load(self, stretch: Stretch) -> Iterator[tuple[Extent, bytes | memoryview]]:
        """The extents of a stretch with their data."""
        stored = memoryview(self.source.take(stretch.place, stretch.end - stretch.place))
        for extent in stretch.extents:
            start = extent.place - stretch.place
            piece = stored[start : start + extent.stored_length]
            if extent.packing is not Packing.PLAIN:
                yield extent, unpack(extent, piece)
            elif len(piece) != extent.length:
                raise ended_early(extent.place + len(piece))
            else:
                yield extent, piece


def taken(reader: DiskReader) -> Iterator[tuple[int, Stretch]]:
    """What the blocks of a disk take of its image: the offset of a block, and a stretch."""
    for offset, extents in _cut(reader):
        for stretch in stretches(extents):
            yield offset, stretch


def blocks(reader: DiskReader, source: TakenSource, start: int = 0) -> Iterator[ExtentBlock]:
    """The blocks that hold data, by offset, from that of ``start`` on."""
    for offset, extents in _cut(reader):
        if offset >= start:
            length = min(BLOCK_SIZE, reader.virtual_size - offset)
            yield ExtentBlock(offset, length, tuple(stretches(extents)), source)


def _cut(reader: DiskReader) -> Iterator[tuple[int, list[Extent]]]:
    """The extents of each block that holds data, with the block's offset."""
    current: list[Extent] = []
    for piece in _pieces(reader):
        if current and piece.offset // BLOCK_SIZE != current[0].offset // BLOCK_SIZE:
            yield _block_of(current[0]), current
            current = []
        current.append(piece)
    if current:
        yield _block_of(current[0]), current


def _block_of(extent: Extent) -> int:
    return extent.offset // BLOCK_SIZE * BLOCK_SIZE


def _pieces(reader: DiskReader) -> Iterator[Extent]:
    """The extents, cut where a block ends, and plain ones where a chunk of the image does.

    What lies in one chunk is taken without a copy.
    """
    for extent in reader.extents():
        done = 0
        while done < extent.length:
            offset = extent.offset + done
            length = min(extent.length - done, BLOCK_SIZE - offset % BLOCK_SIZE)
            if extent.packing is Packing.PLAIN:
                length = min(length, CHUNK_SIZE - (extent.place + done) % CHUNK_SIZE)
            if length == extent.length:
                yield extent
            else:
                yield replace(
                    extent,
                    offset=offset,
                    length=length,
                    place=extent.place + done,
                    stored_length=length,
                )
            done += length
