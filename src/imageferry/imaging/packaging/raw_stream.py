"""A raw disk that comes as a stream: its blocks, without the disk ever being stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from imageferry.imaging.disk import BLOCK_SIZE
from imageferry.imaging.errors import VHD_SIZE
from imageferry.imaging.formats import Format
from imageferry.imaging.inspect import inspect
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.packaging.ends import HEAD_BYTES, TAIL_BYTES, EndsSource
from imageferry.imaging.packaging.inflow import Payload

_ZEROS = bytes(BLOCK_SIZE)


@dataclass(frozen=True)
class StreamedBlock:
    """A block that is in memory already.

    Attributes:
        offset: Where it begins on the disk, in bytes.
        cost: The compressed bytes that it and the zeros before it were made of.
        data: Its bytes.
    """

    offset: int
    cost: int
    data: bytes

    def load(self) -> bytes:
        """Its bytes."""
        return self.data


class StreamedDisk:
    """A raw disk, or a fixed VHD: what it is shows only at its end.

    Args:
        payload: The image's bytes.
        declared: The format that its owner says it has, if any.
        max_virtual_size: The largest virtual size to accept, in bytes.
    """

    def __init__(self, payload: Payload, *, declared: Format | None, max_virtual_size: int) -> None:
        self._payload = payload
        self._declared = declared
        self._max_virtual_size = max_virtual_size
        self._inspection: Inspection | None = None
        self._accounted = 0

    @property
    def inspection(self) -> Inspection:
        """What the image was found to be, once all blocks were asked for."""
        assert self._inspection is not None  # noqa: S101 - the blocks come first
        return self._inspection

    def virtual_size(self) -> int:
        """The disk's size in bytes, once all blocks were asked for."""
        return self.inspection.virtual_size

    def blocks(self) -> Iterator[StreamedBlock]:
        """The blocks that hold more than zeros, by offset; to be asked for once.

        The last whole block is held back until the end was seen: the footer of a VHD is not a
        part of its disk, which may end up to 2 MiB before it where geometry tells its size.

        Raises:
            ImageError: the image is refused, or its wrapping is damaged.
        """
        head = self._payload.peek(HEAD_BYTES)
        before, offset = b"", 0
        while len(data := self._payload.read(BLOCK_SIZE)) == BLOCK_SIZE:
            yield from self._blocks(offset - len(before), before)
            before, offset = data, offset + BLOCK_SIZE
        self._payload.finish()
        start, rest = offset - len(before), before + data
        self._inspection = self._inspect(head, start, rest)
        yield from self._blocks(start, _cut(start, rest, self._inspection.virtual_size))

    def _inspect(self, head: bytes, start: int, rest: bytes) -> Inspection:
        ends = EndsSource(head, rest[-TAIL_BYTES:], start + len(rest))
        return inspect(ends, declared=self._declared, max_virtual_size=self._max_virtual_size)

    def _blocks(self, start: int, data: bytes) -> Iterator[StreamedBlock]:
        for offset in range(0, len(data), BLOCK_SIZE):
            block = data[offset : offset + BLOCK_SIZE]
            if not _is_zero(block):
                cost = self._payload.consumed - self._accounted
                self._accounted += cost
                yield StreamedBlock(start + offset, cost, block)


def _is_zero(block: bytes) -> bool:
    return block == (_ZEROS if len(block) == BLOCK_SIZE else bytes(len(block)))


def _cut(start: int, rest: bytes, end: int) -> bytes:
    """The disk's last bytes: without what follows its end, and filled up to a whole sector."""
    if end < start:
        raise VHD_SIZE.error(
            f"The VHD's virtual size is {end} bytes, but its file has {start + len(rest)}."
        )
    return rest[: end - start].ljust(end - start, b"\0")
