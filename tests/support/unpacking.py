"""What decompression gives, what it refuses and how, and that it keeps its bounds."""

from __future__ import annotations

import tracemalloc
from itertools import repeat

import pytest

from imageferry.imaging.errors import ImageError
from imageferry.imaging.packaging.decompression import PIECE_SIZE, Decompressed
from imageferry.imaging.packaging.package import Compression

_MIB = 1024 * 1024


def unpacked(
    packed: bytes, compression: Compression, chunk: int = 100_000, *, threads: int = 1
) -> bytes:
    """What a file holds that comes in chunks of so many bytes."""
    chunks = (packed[start : start + chunk] for start in range(0, len(packed), chunk))
    coming = Decompressed(chunks, compression, max_bytes=1 << 40, threads=threads)
    pieces: list[bytes] = []
    consumed = [0]
    while piece := coming.read(PIECE_SIZE):
        pieces.append(piece)
        consumed.append(coming.consumed)
        assert coming.position == sum(map(len, pieces))
    assert max(map(len, pieces), default=0) <= PIECE_SIZE
    assert consumed == sorted(consumed)
    assert consumed[-1] <= len(packed)
    assert coming.read(PIECE_SIZE) == b""
    return b"".join(pieces)


def refusal(packed: bytes, compression: Compression, *, threads: int = 1) -> str:
    """The code with which a file is refused, and the sentence."""
    with pytest.raises(ImageError) as caught:
        unpacked(packed, compression, threads=threads)
    return f"{caught.value.code} {caught.value.detail}"


def check_bomb(member: bytes, compression: Compression, *, threads: int = 1) -> None:
    """Make sure that a member that follows itself 65536 times is stopped, in little memory."""
    limit = 64 * _MIB
    members = repeat(member, 65536)
    sizes: list[int] = []
    tracemalloc.start()
    try:
        coming = Decompressed(members, compression, max_bytes=limit, threads=threads)
        with pytest.raises(ImageError) as caught:
            sizes.extend(iter(lambda: len(coming.read(PIECE_SIZE)), 0))
        assert tracemalloc.get_traced_memory()[1] < 24 * _MIB
    finally:
        tracemalloc.stop()
    assert caught.value.code == "InvalidImageSize.Exceeded"
    assert limit - PIECE_SIZE < sum(sizes) <= limit
    assert next(members)


class UnpackedBytes:
    """Some bytes that come in pieces.

    Attributes:
        position: The bytes that lie before the next one.
        consumed: What they are said to have taken of a compressed file: a share of themselves.

    Args:
        data: The bytes.
        piece: How long a piece is at the most.
        share: How many of them one compressed byte holds.
    """

    def __init__(self, data: bytes, *, piece: int = 1 << 20, share: int = 10) -> None:
        self.position = self.consumed = 0
        self._data = memoryview(data)
        self._piece = piece
        self._share = share

    def read(self, length: int) -> bytes:
        """The next bytes: some, at most so many; none at the end."""
        start = self.position
        self.position = min(start + length, start + self._piece, len(self._data))
        self.consumed = -(-self.position // self._share)
        return bytes(self._data[start : self.position])
