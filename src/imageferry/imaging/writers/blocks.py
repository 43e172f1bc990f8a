"""Images with one entry for each block of the disk, whose table stands before the blocks.

Which blocks are kept is known before the first is written, so that the image is written from
its first byte to its last.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import compress
from typing import Self

import msgspec

from imageferry.imaging.disk import Output, PlannedDisk
from imageferry.imaging.zeros import data_runs

FREE = 0xFFFFFFFF
"""Stands for the number of a block that is not kept, in VHD and VDI alike."""

_Run = tuple[int, memoryview]


@dataclass(frozen=True)
class KeptBlocks:
    """Which blocks of a disk an image keeps.

    Attributes:
        virtual_size: The disk's size in bytes.
        block_size: The size of a block in bytes; the disk may end within the last.
        numbers: For each block of the disk, its number among those that are kept.
        count: How many are kept.
    """

    virtual_size: int
    block_size: int
    numbers: array[int]
    count: int

    @classmethod
    def of(cls, disk: PlannedDisk, block_size: int) -> Self:
        """Keep the blocks of a disk that hold data; a block has ``block_size`` bytes."""
        kept = bytearray(-(-disk.virtual_size // block_size))
        for offset, length in disk.data:
            first, end = offset // block_size, -(-(offset + length) // block_size)
            kept[first:end] = b"\1" * (end - first)
        numbers = array("I", [FREE]) * len(kept)
        for number, block in enumerate(compress(range(len(kept)), kept)):
            numbers[block] = number
        return cls(disk.virtual_size, block_size, numbers, sum(kept))


class _State(msgspec.Struct, frozen=True):
    """What a writer knows: the image's end, the block that it is in, and what the format adds."""

    end: int
    begun: int
    kept: bytes


class BlockWriter:
    """Writes the data of a disk into the blocks that an image keeps.

    Of a block that came as zeros nothing is written, yet its room is there.

    Args:
        output: Where to.
        blocks: The blocks that are kept.
        start: Where the first of them begins in the image, in bytes.
        head: What stands before them all. It is written at once, but not by a writer that goes on
            for another one.
        lead: What stands before the data of a block.
        kept: What of the head is wanted again at the end.
        state: The state of the writer to go on for; empty for a new image.
    """

    def __init__(
        self,
        output: Output,
        blocks: KeptBlocks,
        start: int,
        *,
        head: bytes,
        lead: bytes = b"",
        kept: bytes = b"",
        state: bytes = b"",
    ) -> None:
        self._output = output
        self._blocks = blocks
        self._start = start
        self._lead = lead
        if state:
            begun = msgspec.msgpack.decode(state, type=_State)
            self._end, self._begun, self._kept = begun.end, begun.begun, begun.kept
        else:
            output.write(0, head)
            self._end, self._begun, self._kept = len(head), FREE, kept

    @property
    def end(self) -> int:
        """Where the last bytes that were written end."""
        return self._end

    def state(self) -> bytes:
        """What another one has to know to go on behind the last block that was appended."""
        return msgspec.msgpack.encode(_State(self._end, self._begun, self._kept))

    def pack(self, offset: int, data: bytes | bytearray | memoryview) -> list[_Run]:
        """Find what of a block is not zero."""
        view = memoryview(data)
        return [(offset + start, view[start:end]) for start, end in data_runs(view)]

    def append(self, packed: list[_Run]) -> None:
        """Write it.

        Raises:
            ValueError: there is data where none was said to be.
        """
        for offset, data in packed:
            for start, piece in self._pieces(offset, data):
                self._put(start, piece)

    def finish(self, virtual_size: int) -> int:
        """Where the last block ends in the image, in bytes.

        Raises:
            ValueError: the disk has not the size that the image's head tells.
        """
        if virtual_size != self._blocks.virtual_size:
            raise ValueError(f"The head tells {self._blocks.virtual_size}, not {virtual_size}.")
        return self._place(self._blocks.count)

    def _pieces(self, offset: int, data: memoryview) -> Iterator[_Run]:
        """The data, cut where a block ends."""
        done = 0
        while done < len(data):
            start = offset + done
            piece = data[done : done + self._blocks.block_size - start % self._blocks.block_size]
            yield start, piece
            done += len(piece)

    def _put(self, offset: int, piece: memoryview) -> None:
        block, within = divmod(offset, self._blocks.block_size)
        number = self._blocks.numbers[block]
        if number == FREE:
            raise ValueError(f"There is data at byte {offset}, where none was said to be.")
        if self._lead and number != self._begun:
            self._output.write(self._place(number), self._lead)
            self._begun = number
        place = self._place(number) + len(self._lead) + within
        self._output.write(place, piece)
        self._end = place + len(piece)

    def _place(self, number: int) -> int:
        return self._start + number * (len(self._lead) + self._blocks.block_size)
