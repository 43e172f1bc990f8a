"""A raw disk that comes as a stream: its blocks, without the disk ever being stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from imageferry.imaging.buffers import page_aligned
from imageferry.imaging.checkpoint import Checkpoint
from imageferry.imaging.disk import BLOCK_SIZE
from imageferry.imaging.errors import VHD_SIZE
from imageferry.imaging.formats import Format
from imageferry.imaging.inspect import inspect
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.packaging.decompression import Unpacked
from imageferry.imaging.packaging.ends import HEAD_BYTES, TAIL_BYTES, EndsSource
from imageferry.imaging.packaging.inflow import Payload


@dataclass(frozen=True)
class StreamedBlock:
    """A block that is in memory already.

    Attributes:
        offset: Where it begins on the disk, in bytes.
        cost: The compressed bytes that it was made of.
        parts: Its bytes, as they were unpacked.
    """

    offset: int
    cost: int
    parts: Sequence[memoryview]

    def load(self) -> memoryview:
        """Its bytes."""
        if len(self.parts) == 1:
            return self.parts[0]
        data, end = page_aligned(_length(self.parts)), 0
        for part in self.parts:
            start, end = end, end + len(part)
            data[start:end] = part
        return data


def passed_over(offset: int) -> int:
    """How much of a disk is not read once more when it is gone on with at an offset.

    What is held back at the end may be less than two blocks, and is needed to see what it is.
    """
    return max(0, offset - 2 * BLOCK_SIZE)


class StreamedDisk:
    """A raw disk, or a fixed VHD: what it is shows only at its end.

    Args:
        payload: The image's bytes, of which none was read yet.
        declared: The format that its owner says it has, if any.
        max_virtual_size: The largest virtual size to accept, in bytes.
        begun: Where to go on; ``None`` for the beginning.
    """

    def __init__(
        self,
        payload: Payload,
        *,
        declared: Format | None,
        max_virtual_size: int,
        begun: Checkpoint | None = None,
    ) -> None:
        self._payload = payload
        self._declared = declared
        self._max_virtual_size = max_virtual_size
        self._inspection: Inspection | None = None
        self._begun = begun.offset if begun is not None else 0
        self._accounted = begun.done if begun is not None else 0

    @property
    def inspection(self) -> Inspection:
        """What the image was found to be, once all blocks were asked for."""
        assert self._inspection is not None  # noqa: S101 - the blocks come first
        return self._inspection

    def virtual_size(self) -> int:
        """The disk's size in bytes, once all blocks were asked for."""
        return self.inspection.virtual_size

    def blocks(self, unpacked: Unpacked | None = None) -> Iterator[StreamedBlock]:
        """The blocks by offset, those of zeros too; to be asked for once.

        The last whole block is held back until the end was seen: the footer of a VHD is not a
        part of its disk, which may end up to 2 MiB before it where geometry tells its size.

        Args:
            unpacked: Where to read on if blocks are passed over, as
                :meth:`~imageferry.imaging.packaging.inflow.Inflow.skip` takes it.

        Raises:
            ImageError: the image is refused, or its wrapping is damaged.
        """
        head = self._payload.peek(HEAD_BYTES)
        before: Sequence[memoryview] = ()
        if offset := passed_over(self._begun):
            self._payload.skip(offset, unpacked)
        while _length(parts := self._payload.take(BLOCK_SIZE)) == BLOCK_SIZE:
            yield from self._blocks(offset - _length(before), before)
            before, offset = parts, offset + BLOCK_SIZE
        self._payload.finish()
        start, rest = offset - _length(before), b"".join((*before, *parts))
        self._inspection = self._inspect(head, start, rest)
        disk = memoryview(_cut(start, rest, self._inspection.virtual_size))
        for at in range(0, len(disk), BLOCK_SIZE):
            yield from self._blocks(start + at, [disk[at : at + BLOCK_SIZE]])

    def _inspect(self, head: bytes, start: int, rest: bytes) -> Inspection:
        ends = EndsSource(head, rest[-TAIL_BYTES:], start + len(rest))
        return inspect(ends, declared=self._declared, max_virtual_size=self._max_virtual_size)

    def _blocks(self, offset: int, parts: Sequence[memoryview]) -> Iterator[StreamedBlock]:
        """The block of some bytes, if there are any, and it was not written already."""
        if parts and offset >= self._begun:
            cost = max(0, self._payload.consumed - self._accounted)
            self._accounted += cost
            yield StreamedBlock(offset, cost, parts)


def _length(parts: Sequence[memoryview]) -> int:
    return sum(map(len, parts))


def _cut(start: int, rest: bytes, end: int) -> bytes:
    """The disk's last bytes: without what follows its end, and filled up to a whole sector."""
    if end < start:
        raise VHD_SIZE.error(
            f"The VHD's virtual size is {end} bytes, but its file has {start + len(rest)}."
        )
    return rest[: end - start].ljust(end - start, b"\0")
