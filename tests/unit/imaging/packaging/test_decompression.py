from __future__ import annotations

import lzma
import random
import struct
import tracemalloc
import zlib
from collections.abc import Callable

import pytest

from imageferry.imaging.errors import ImageError
from imageferry.imaging.packaging.decompression import PIECE_SIZE, Decompressed
from imageferry.imaging.packaging.package import Compression
from support.images.packages import gz, xz, zst
from support.unpacking import check_bomb, refusal, unpacked

_MIB = 1024 * 1024
_DATA = random.Random(1).randbytes(300_000) + bytes(3 * _MIB) + b"end"
_PACK: dict[Compression, Callable[[bytes], bytes]] = {
    Compression.GZIP: gz,
    Compression.XZ: xz,
    Compression.ZSTD: zst,
}
_ALL = pytest.mark.parametrize("compression", list(Compression), ids=lambda item: item.value)


@_ALL
@pytest.mark.parametrize("chunk", [977, 100_000, 4 * _MIB])
def test_data_is_what_was_packed(compression: Compression, chunk: int) -> None:
    assert unpacked(_PACK[compression](_DATA), compression, chunk) == _DATA


@_ALL
def test_members_that_follow_one_another_are_one(compression: Compression) -> None:
    pack = _PACK[compression]
    packed = pack(_DATA[:1000]) + pack(b"") + pack(_DATA[1000:]) + pack(b"more")
    assert unpacked(packed, compression, 999) == _DATA + b"more"


@pytest.mark.parametrize("compression", [Compression.GZIP, Compression.XZ])
def test_zeros_may_follow(compression: Compression) -> None:
    pack = _PACK[compression]
    assert unpacked(pack(_DATA) + bytes(200_000), compression) == _DATA
    assert unpacked(pack(_DATA) + bytes(8) + pack(b"more"), compression) == _DATA + b"more"


def test_frames_without_data_are_passed_over() -> None:
    skipped = b"\x5a\x2a\x4d\x18\x04\0\0\0abcd"
    assert unpacked(skipped + zst(_DATA) + skipped, Compression.ZSTD) == _DATA


@_ALL
@pytest.mark.parametrize("left", [1, 5, 9, 100, 250_000])
def test_data_that_breaks_off_is_refused(compression: Compression, left: int) -> None:
    packed = _PACK[compression](_DATA)
    told = refusal(packed[:-left], compression)
    assert told.startswith("InvalidImageFormat.Truncated")
    assert f"breaks off after {len(packed) - left} bytes" in told


@_ALL
def test_what_follows_must_be_of_the_same_kind(compression: Compression) -> None:
    told = refusal(_PACK[compression](_DATA) + b"garbage " * 10, compression)
    assert told.startswith("InvalidImageFormat.ArchiveCorrupt")


@_ALL
@pytest.mark.parametrize("place", [200_000, -6])
def test_damaged_data_is_refused(compression: Compression, place: int) -> None:
    packed = bytearray(_PACK[compression](_DATA))
    packed[place] ^= 1
    assert refusal(bytes(packed), compression).startswith("InvalidImageFormat.ArchiveCorrupt")


@_ALL
def test_a_bomb_is_stopped_at_the_bound(compression: Compression) -> None:
    """Members of 16 MiB of zeros, 1 TiB in all."""
    check_bomb(_PACK[compression](bytes(16 * _MIB)), compression)


def test_a_bomb_of_one_member_is_unpacked_piece_by_piece() -> None:
    packer = zlib.compressobj(9, wbits=31)
    packed = b"".join(packer.compress(bytes(_MIB)) for _ in range(64)) + packer.flush()
    coming = Decompressed([packed], Compression.GZIP, max_bytes=1 << 40)
    sizes = list(iter(lambda: len(coming.read(PIECE_SIZE)), 0))
    assert sum(sizes) == 64 * _MIB
    assert max(sizes) == PIECE_SIZE


def test_an_xz_dictionary_beyond_the_bound_is_refused() -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 192 * _MIB}]
    packed = lzma.compress(b"data", filters=filters)
    told = refusal(packed, Compression.XZ)
    assert told.startswith("InvalidImageFormat.Archive The xz data needs more than 134217728 bytes")


def test_the_largest_dictionary_of_xzs_levels_is_accepted() -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 64 * _MIB}]
    assert unpacked(lzma.compress(b"data", filters=filters), Compression.XZ) == b"data"


@pytest.mark.parametrize("log", [28, 31, 41])
def test_a_zstd_window_beyond_the_bound_is_refused(log: int) -> None:
    frame = struct.pack("<IBB", 0xFD2FB528, 0, (log - 10) << 3) + b"\x01\0\0"
    told = refusal(frame, Compression.ZSTD)
    assert told.startswith("InvalidImageFormat.Archive The zstd data needs more than")


def test_a_zstd_window_of_zstds_long_mode_is_accepted() -> None:
    frame = struct.pack("<IBB", 0xFD2FB528, 0, 17 << 3) + (1 | 4 << 3).to_bytes(3, "little")
    assert unpacked(frame + b"data", Compression.ZSTD) == b"data"


def test_a_name_in_a_gzip_header_takes_no_memory() -> None:
    named = b"\x1f\x8b\x08\x08" + bytes(6)
    chunks = (b"n" * _MIB if number else named for number in range(64))
    tracemalloc.start()
    try:
        with pytest.raises(ImageError, match="breaks off"):
            Decompressed(chunks, Compression.GZIP, max_bytes=_MIB).read(PIECE_SIZE)
        assert tracemalloc.get_traced_memory()[1] < 8 * _MIB
    finally:
        tracemalloc.stop()


@_ALL
@pytest.mark.parametrize("data", [b"", b"x"])
def test_a_file_of_almost_nothing_but_members_is_refused(
    compression: Compression, data: bytes
) -> None:
    told = refusal(_PACK[compression](data) * 1025, compression)
    assert "consists of 1025 parts and more that hold no 4096 bytes each" in told


@_ALL
def test_a_file_of_many_short_members_is_unpacked(compression: Compression) -> None:
    packed = _PACK[compression](bytes(4096)) * 2000
    assert unpacked(packed, compression) == bytes(4096 * 2000)
