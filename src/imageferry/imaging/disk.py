"""A virtual disk as its guest sees it: where its data lies in an image, and who writes it anew.

Readers tell which parts of a disk hold data and where an image keeps them; writers
lay the same disk out in another format. Between them stands
:mod:`imageferry.imaging.transfer`, which serves imports and exports alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol, TypeVar

BLOCK_SIZE = 4 * 1024 * 1024
"""Bytes of a disk that are moved at once. Every cluster, block and grain of every format
divides it or is a multiple of it, so no packed extent lies in two blocks. Larger blocks were
no faster, and smaller ones pay for each request: 1 MiB took 1.7 times as long."""

Packed = TypeVar("Packed")


class Packing(Enum):
    """How an image keeps the data of an extent."""

    PLAIN = auto()
    """As it is."""
    DEFLATE = auto()
    """A raw deflate stream, as in qcow2; what follows its end is not looked at."""
    GRAIN = auto()
    """A VMDK grain: sector number, length, then a zlib stream."""
    ZSTD = auto()
    """A zstd frame, as in qcow2; what follows its end is not looked at."""


@dataclass(frozen=True, slots=True)
class Extent:
    """A part of a disk that holds data.

    Attributes:
        offset: Where it begins on the disk, in bytes.
        length: Its length on the disk, in bytes.
        place: Where the image keeps it, in bytes from the image's beginning.
        stored_length: The bytes that it takes there: its length where it is plain, at least
            what it takes where it is packed.
        packing: How it is kept.
    """

    offset: int
    length: int
    place: int
    stored_length: int
    packing: Packing = Packing.PLAIN


class DiskReader(Protocol):
    """A disk in an image."""

    @property
    def virtual_size(self) -> int:
        """The disk's size in bytes."""
        ...

    def extents(self) -> Iterator[Extent]:
        """The parts that hold data, by offset, none overlapping; the rest is zero.

        Plain extents that follow one another both on the disk and in the image are one;
        a packed extent lies within one block. It may be called several times.

        Raises:
            ImageError: the image's tables cannot be right.
            OSError: they cannot be read.
        """
        ...


@dataclass(frozen=True)
class PlannedDisk:
    """What is known of a disk before it is written.

    Attributes:
        virtual_size: Its size in bytes, a multiple of 512.
        data: The ranges of it that hold data, as offset and length; looked at once.
        name: What it is called in an archive.
    """

    virtual_size: int
    data: Iterable[tuple[int, int]]
    name: str


class Output(Protocol):
    """The bytes of an image in the making."""

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Put bytes at a place, each place once; what is never written is zero.

        Raises:
            OSError: they cannot be stored.
        """
        ...


class DiskWriter(Protocol[Packed]):
    """Lays a disk out in one format. Blocks come by offset; those left out are zero."""

    def pack(self, offset: int, data: bytes | bytearray | memoryview) -> Packed:
        """Do all for a block that takes processor time: several threads, in any order.

        Args:
            offset: Where the block begins on the disk; a multiple of the block size.
            data: Its bytes, as many as the block size; fewer only at the disk's end.
        """
        ...

    def append(self, packed: Packed) -> None:
        """Write a packed block. One thread, by offset."""
        ...

    def finish(self, virtual_size: int) -> int:
        """Write what remains, and return the image's size in bytes.

        Args:
            virtual_size: The disk's size in bytes.
        """
        ...


class ResumableWriter(DiskWriter[Packed], Protocol[Packed]):
    """A writer that another one can go on for.

    What it writes depends on the disk and on what its state tells, on nothing else: whoever goes
    on from an older state writes the same bytes to the same places once more.
    """

    @property
    def end(self) -> int:
        """How far the image is written, in bytes, but for a head that is written last."""
        ...

    def state(self) -> bytes:
        """What another one has to know to go on behind the last block that was appended."""
        ...
