"""The blocks of a disk: cut out of a reader's extents, loaded one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from imageferry.imaging.disk import BLOCK_SIZE, DiskReader, Extent, Packing
from imageferry.imaging.source import ended_early
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
        extents: What of it holds data, by offset.
        source: The image's bytes.
    """

    offset: int
    length: int
    extents: tuple[Extent, ...]
    source: TakenSource

    @property
    def cost(self) -> int:
        """The bytes of the source that it is made of."""
        return sum(extent.stored_length for extent in self.extents)

    def load(self) -> bytes | bytearray | memoryview:
        """Its bytes.

        Raises:
            ImageError: data is damaged.
            OSError: it cannot be read.
        """
        if len(self.extents) == 1 and self.extents[0].length == self.length:
            return self._load(self.extents[0])
        data = bytearray(self.length)
        for extent in self.extents:
            start = extent.offset - self.offset
            data[start : start + extent.length] = self._load(extent)
        return data

    def _load(self, extent: Extent) -> bytes | memoryview:
        stored = self.source.take(extent.place, extent.stored_length)
        if extent.packing is not Packing.PLAIN:
            return unpack(extent, stored)
        if len(stored) != extent.length:
            raise ended_early(extent.place + len(stored))
        return stored


def ranges(reader: DiskReader) -> Iterator[tuple[int, int, int]]:
    """The ranges of an image that its blocks take: a block's offset, then place and length."""
    for offset, extents in _cut(reader):
        for extent in extents:
            yield offset, extent.place, extent.stored_length


def blocks(reader: DiskReader, source: TakenSource, start: int = 0) -> Iterator[ExtentBlock]:
    """The blocks that hold data, by offset, from that of ``start`` on."""
    for offset, extents in _cut(reader):
        if offset >= start:
            length = min(BLOCK_SIZE, reader.virtual_size - offset)
            yield ExtentBlock(offset, length, extents, source)


def _cut(reader: DiskReader) -> Iterator[tuple[int, tuple[Extent, ...]]]:
    """The extents of each block that holds data, with the block's offset."""
    current: list[Extent] = []
    for piece in _pieces(reader):
        if current and piece.offset // BLOCK_SIZE != current[0].offset // BLOCK_SIZE:
            yield _block_of(current[0]), tuple(current)
            current = []
        current.append(piece)
    if current:
        yield _block_of(current[0]), tuple(current)


def _block_of(extent: Extent) -> int:
    return extent.offset // BLOCK_SIZE * BLOCK_SIZE


def _pieces(reader: DiskReader) -> Iterator[Extent]:
    """The extents, cut where a block ends."""
    for extent in reader.extents():
        done = 0
        while done < extent.length:
            offset = extent.offset + done
            length = min(extent.length - done, BLOCK_SIZE - offset % BLOCK_SIZE)
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
