"""Where the blocks of an xz file are, so that its decoding can begin at any of them.

Each stream of such a file ends with an index of its blocks. A decoder takes whole streams only: it
is given one of the blocks that are left, with an index that tells these alone. The layout is that
of https://tukaani.org/xz/xz-file-format.txt.
"""

from __future__ import annotations

import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Self

from imageferry.imaging.checkpoint import BEGINNING, Restart
from imageferry.imaging.source import ByteSource

Buffer = bytes | memoryview

_HEADER_MAGIC, _FOOTER_MAGIC = b"\xfd7zXZ\0", b"YZ"
_HEADER_SIZE = _FOOTER_SIZE = 12
_CRC_SIZE = 4
_UNIT = 4
"""What sizes of all parts of a file are multiples of."""

_MOST_INDEX_BYTES = 1024 * 1024
"""All indexes of a file: those of 2 TiB in the blocks of ``xz -6``."""
_MOST_HELD = 1 << 50
_MOST_STREAMS = 64
_TAIL_BYTES = 1024
_MOST_NUMBER_BITS = 63


class _UnusableError(Exception):
    """The file has no sound index, or too large ones."""


@dataclass(frozen=True)
class _Stream:
    """One stream.

    Attributes:
        start: Where it begins in the file, in bytes.
        index: Where its index begins.
        end: Where it ends.
        flags: What its header and its footer say of it.
        packed: The sizes of its blocks in the file, without their padding.
        unpacked: The sizes of what they hold.
    """

    start: int
    index: int
    end: int
    flags: bytes
    packed: Sequence[int]
    unpacked: Sequence[int]

    @property
    def header(self) -> bytes:
        """What it begins with."""
        return _HEADER_MAGIC + self.flags + _crc(self.flags)

    def ending(self, first: int) -> bytes:
        """What a stream ends with that has its blocks from one number on."""
        records = zip(self.packed[first:], self.unpacked[first:], strict=True)
        numbers = (len(self.packed) - first, *(number for record in records for number in record))
        index = b"\0" + b"".join(map(_coded, numbers))
        index += bytes(-len(index) % _UNIT)
        size = (len(index) + _CRC_SIZE) // _UNIT - 1
        footer = size.to_bytes(4, "little") + self.flags
        return index + _crc(index) + _crc(footer) + footer + _FOOTER_MAGIC


class XzIndex:
    """The blocks of an xz file; none where its indexes are damaged or too large.

    Args:
        streams: Its streams, in order.
    """

    def __init__(self, streams: Sequence[_Stream]) -> None:
        self._streams = streams
        sizes = (size for stream in streams for size in stream.unpacked)
        self._positions = array("Q", accumulate(sizes, initial=0))
        self._places = array("Q", (place for stream in streams for place in _places(stream)))

    @classmethod
    def of(cls, source: ByteSource) -> Self:
        """Read the indexes of a file, by some small reads of it.

        Raises:
            Exception: whatever reading it raised.
        """
        streams: list[_Stream] = []
        end, left = source.size, _MOST_INDEX_BYTES
        try:
            while end and len(streams) < _MOST_STREAMS:
                stream = _stream_before(source, end, left)
                streams.append(stream)
                end, left = stream.start, left - (stream.end - stream.index)
        except _UnusableError:
            return cls(())
        return cls(streams[::-1] if not end else ())

    def before(self, position: int) -> Restart:
        """The last block behind whose beginning a position of what the file holds lies."""
        block = min(bisect_right(self._positions, position), len(self._places)) - 1
        return Restart(self._places[block], self._positions[block]) if block >= 0 else BEGINNING

    def whole(self, place: int, chunks: Iterable[Buffer]) -> Iterator[Buffer]:
        """Make a whole file of what follows the beginning of a block.

        Args:
            place: Where the block begins in the file, in bytes.
            chunks: The file from there on.
        """
        stream = next(stream for stream in self._streams if place < stream.end)
        first = _places(stream).index(place)
        yield stream.header
        for chunk in chunks:
            start, place = place, place + len(chunk)
            ending = stream.ending(first) if start <= stream.index < place else b""
            before, behind = max(0, stream.index - start), max(0, stream.end - start)
            yield from filter(None, (chunk[:before], ending, chunk[behind:]))


def _places(stream: _Stream) -> array[int]:
    """Where the blocks of a stream begin in the file."""
    places = accumulate(map(_padded, stream.packed), initial=stream.start + _HEADER_SIZE)
    return array("Q", places)[:-1]


def _stream_before(source: ByteSource, end: int, most: int) -> _Stream:
    """The stream that ends at a place, or before the zeros that do.

    Raises:
        _UnusableError: there is none that is sound, or its index has more bytes than allowed.
    """
    tail = source.pread(max(0, end - _TAIL_BYTES), min(end, _TAIL_BYTES))
    padding = len(tail) - len(tail.rstrip(b"\0"))
    end -= padding
    footer = tail[: len(tail) - padding][-_FOOTER_SIZE:]
    size, flags = int.from_bytes(footer[4:8], "little"), footer[8:10]
    length = (size + 1) * _UNIT
    index = end - _FOOTER_SIZE - length
    _require(len(footer) == _FOOTER_SIZE and footer.endswith(_FOOTER_MAGIC))
    _require(footer.startswith(_crc(footer[4:10])) and padding % _UNIT == 0)
    _require(length <= most and index > 0)
    packed, unpacked = _records(source.pread(index, length))
    start = index - sum(map(_padded, packed)) - _HEADER_SIZE
    _require(start >= 0)
    stream = _Stream(start, index, end, flags, packed, unpacked)
    _require(source.pread(start, _HEADER_SIZE) == stream.header)
    return stream


def _records(index: bytes) -> tuple[array[int], array[int]]:
    """The sizes of an index's blocks, packed and unpacked."""
    fields, crc = index[:-_CRC_SIZE], index[-_CRC_SIZE:]
    _require(fields.startswith(b"\0") and _crc(fields) == crc)
    count, *numbers = _numbers(fields[1:])
    records, padding = numbers[: 2 * count], numbers[2 * count :]
    _require(len(records) == 2 * count and len(padding) < _UNIT and not any(padding))
    _require(sum(records) <= _MOST_HELD)
    return array("Q", records[::2]), array("Q", records[1::2])


def _numbers(data: bytes) -> Iterator[int]:
    """Numbers in groups of seven bits, the lowest first."""
    number = bits = 0
    for byte in data:
        number |= (byte & 0x7F) << bits
        bits += 7
        _require(bits <= _MOST_NUMBER_BITS)
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follow
            yield number
            number = bits = 0


def _coded(number: int) -> bytes:
    """A number in such groups."""
    groups = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - what one group holds
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)


def _padded(size: int) -> int:
    return size + -size % _UNIT


def _crc(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(_CRC_SIZE, "little")


def _require(is_sound: bool) -> None:
    if not is_sound:
        raise _UnusableError
