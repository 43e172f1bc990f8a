from __future__ import annotations

import random
import struct
import tracemalloc
import zlib

import pytest
import zstandard

from imageferry.imaging.disk import Extent, Packing
from imageferry.imaging.errors import ImageError
from imageferry.imaging.unpacking import unpack

_LENGTH = 65536
_OFFSET = 7 * _LENGTH
_PLACE = 4711
_DATA = random.Random(1).randbytes(1000) * 65 + bytes(536)


def deflated(data: bytes = _DATA) -> bytes:
    packer = zlib.compressobj(wbits=-12)
    return packer.compress(data) + packer.flush()


def grain(data: bytes = _DATA, *, sector: int = _OFFSET // 512) -> bytes:
    packed = zlib.compress(data)
    return struct.pack("<QI", sector, len(packed)) + packed


def zstd(data: bytes = _DATA) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


_PACK = {Packing.DEFLATE: deflated, Packing.GRAIN: grain, Packing.ZSTD: zstd}


def unpacked(packing: Packing, stored: bytes, length: int = _LENGTH) -> bytes:
    return unpack(Extent(_OFFSET, length, _PLACE, len(stored), packing), stored)


def refusal(packing: Packing, stored: bytes) -> str:
    with pytest.raises(ImageError) as caught:
        unpacked(packing, stored)
    assert caught.value.code == "InvalidImageFormat.Corrupt"
    assert f"disk's byte {_OFFSET}, at byte {_PLACE} of the image" in caught.value.detail
    return caught.value.detail


@pytest.mark.parametrize("packing", _PACK)
def test_data_is_what_was_packed_whatever_follows_it(packing: Packing) -> None:
    assert unpacked(packing, _PACK[packing](_DATA)) == _DATA
    assert unpacked(packing, _PACK[packing](_DATA) + b"the next one" * 99) == _DATA


@pytest.mark.parametrize("packing", _PACK)
def test_what_reaches_over_the_end_of_the_disk_is_dropped(packing: Packing) -> None:
    assert unpacked(packing, _PACK[packing](_DATA), 512) == _DATA[:512]


@pytest.mark.parametrize("packing", _PACK)
def test_too_little_data_is_refused(packing: Packing) -> None:
    detail = refusal(packing, _PACK[packing](_DATA[:-1]))
    assert "unpacks to 65535 bytes instead of 65536" in detail


@pytest.mark.parametrize("packing", _PACK)
@pytest.mark.parametrize("end", [0, 1, 5, 13, 500])
def test_data_that_ends_early_is_refused(packing: Packing, end: int) -> None:
    refusal(packing, _PACK[packing](_DATA)[:end])


@pytest.mark.parametrize("packing", _PACK)
def test_bytes_that_are_not_packed_are_refused(packing: Packing) -> None:
    refusal(packing, b"\xff" * 4096)


@pytest.mark.parametrize("packing", [Packing.GRAIN, Packing.ZSTD])
def test_a_checksum_that_does_not_fit_is_refused(packing: Packing) -> None:
    stored = bytearray(_PACK[packing](_DATA))
    stored[-1] ^= 1
    refusal(packing, bytes(stored))


def test_the_checksum_of_a_grain_at_the_end_of_the_disk_counts_too() -> None:
    stored = bytearray(grain())
    stored[-1] ^= 1
    with pytest.raises(ImageError, match="is damaged"):
        unpacked(Packing.GRAIN, bytes(stored), 512)


def test_a_grain_without_its_checksum_is_refused() -> None:
    refusal(Packing.GRAIN, grain()[:-4])


def test_a_grain_of_another_place_is_refused() -> None:
    assert "marked as that of sector 3" in refusal(Packing.GRAIN, grain(sector=3))


def test_a_length_of_a_zstd_frame_is_not_believed() -> None:
    """The frame says that it is one segment of 1 TiB, and holds a block of one byte."""
    header = struct.pack("<IBQ", 0xFD2FB528, 0b1110_0000, 1 << 40)
    frame = header + (1 | 1 << 3).to_bytes(3, "little") + b"x"
    tracemalloc.start()
    try:
        refusal(Packing.ZSTD, frame)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("packing", _PACK)
def test_a_bomb_unpacks_to_no_more_than_is_wanted(packing: Packing) -> None:
    """64 MiB of zeros; zlib and zstd allocate outside of Python, the result does not."""
    stored = _PACK[packing](bytes(64 << 20))
    tracemalloc.start()
    try:
        if packing is Packing.GRAIN:
            assert "longer than any grain" in refusal(packing, stored)
        else:
            assert unpacked(packing, stored) == bytes(_LENGTH)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()
