"""What decompression gives, what it says of data that it refuses, and that it keeps its bounds."""

from __future__ import annotations

import tracemalloc
from itertools import repeat

import pytest

from imageferry.imaging.errors import ImageError
from imageferry.imaging.packaging.decompression import PIECE_SIZE, decompressed
from imageferry.imaging.packaging.package import Compression

_MIB = 1024 * 1024


def unpacked(
    packed: bytes, compression: Compression, chunk: int = 100_000, *, threads: int = 1
) -> bytes:
    """What a file holds that comes in chunks of so many bytes."""
    chunks = (packed[start : start + chunk] for start in range(0, len(packed), chunk))
    pieces = list(decompressed(chunks, compression, max_bytes=1 << 40, threads=threads))
    assert all(0 < len(piece.data) <= PIECE_SIZE for piece in pieces)
    consumed = [piece.consumed for piece in pieces]
    assert consumed == sorted(consumed)
    assert not consumed or consumed[-1] <= len(packed)
    return b"".join(piece.data for piece in pieces)


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
        pieces = decompressed(members, compression, max_bytes=limit, threads=threads)
        with pytest.raises(ImageError) as caught:
            sizes.extend(len(piece.data) for piece in pieces)
        assert tracemalloc.get_traced_memory()[1] < 24 * _MIB
    finally:
        tracemalloc.stop()
    assert caught.value.code == "InvalidImageSize.Exceeded"
    assert limit - PIECE_SIZE < sum(sizes) <= limit
    assert next(members)
