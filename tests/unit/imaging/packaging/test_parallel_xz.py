"""Blocks of xz, decoded by several threads: the same bytes, the same refusals, the same bounds."""

from __future__ import annotations

import lzma
import random
from dataclasses import dataclass

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imageferry.imaging.packaging import parallel_xz
from imageferry.imaging.packaging.decompression import PIECE_SIZE
from imageferry.imaging.packaging.package import Compression
from imageferry.imaging.packaging.parallel_xz import ParallelXzDecoder, processors
from support.images.packages import xz, xz_blocks
from support.unpacking import check_bomb, refusal, unpacked

_MIB = 1024 * 1024
_BLOCK = 300_000
_DATA = random.Random(1).randbytes(4 * _BLOCK) + bytes(3 * _MIB) + b"end"
_PACKED = xz_blocks(_DATA, _BLOCK)
_WORDS = [random.Random(at).randbytes(8) for at in range(5000)]
_TEXT = xz_blocks(b"".join(random.Random(2).choices(_WORDS, k=400_000)), 800_000)
"""Four blocks, each of which takes a while."""


def in_threads(packed: bytes, chunk: int = 100_000) -> bytes:
    return unpacked(packed, Compression.XZ, chunk, threads=4)


def refused(packed: bytes) -> str:
    """What is said of damaged data, which an unsound liblzma is never given in parallel."""
    return refusal(packed, Compression.XZ, threads=processors())


def test_the_blocks_are_those_of_a_sound_xz() -> None:
    assert lzma.decompress(_PACKED) == _DATA


@pytest.mark.parametrize("chunk", [977, 100_000, 4 * _MIB])
@pytest.mark.parametrize("packed", [_PACKED, xz(_DATA)], ids=["blocks", "one block"])
def test_data_is_what_was_packed(packed: bytes, chunk: int) -> None:
    assert in_threads(packed, chunk) == _DATA


@settings(max_examples=25, deadline=None)
@given(
    size=st.integers(0, 3 * _BLOCK),
    block=st.integers(1000, 2 * _BLOCK),
    chunk=st.sampled_from([1000, 99_999, 1 << 20]),
)
def test_blocks_of_any_size_give_the_same(size: int, block: int, chunk: int) -> None:
    assert in_threads(xz_blocks(_DATA[:size], block), chunk) == _DATA[:size]


def test_streams_and_zeros_may_follow_one_another() -> None:
    packed = _PACKED + bytes(8) + xz(b"") + xz_blocks(b"more", 2) + bytes(200_000)
    assert in_threads(packed) == _DATA + b"more"


@pytest.mark.parametrize("left", [1, 9, 40, 250_000, len(_PACKED) - 13])
def test_data_that_breaks_off_is_refused(left: int) -> None:
    told = refused(_PACKED[:-left])
    assert told.startswith("InvalidImageFormat.Truncated")
    assert f"breaks off after {len(_PACKED) - left} bytes" in told


@pytest.mark.parametrize("place", [15, 200_000, len(_PACKED) // 2, -40, -6])
def test_damaged_data_is_refused(place: int) -> None:
    packed = bytearray(_PACKED)
    packed[place] ^= 1
    assert refused(bytes(packed)).startswith("InvalidImageFormat.ArchiveCorrupt")


def test_a_bomb_is_stopped_at_the_bound() -> None:
    check_bomb(xz_blocks(bytes(16 * _MIB), _MIB), Compression.XZ, threads=4)


def test_a_dictionary_beyond_the_bound_is_refused() -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 192 * _MIB}]
    told = refused(lzma.compress(b"data", filters=filters))
    assert told.startswith("InvalidImageFormat.Archive The xz data needs more than 134217728 bytes")


def most_threads(packed: bytes) -> int:
    """How many threads of the system are there at the most to decode, and none of them after."""
    this = psutil.Process()
    before, most = this.num_threads(), 0
    decoder = ParallelXzDecoder(128 * _MIB, 3)
    data = packed
    while not decoder.eof:
        decoder.decompress(data, PIECE_SIZE)
        data = b""
        most = max(most, this.num_threads() - before)
    del decoder
    assert this.num_threads() <= before
    return most


def test_blocks_are_decoded_by_several_threads() -> None:
    assert most_threads(_TEXT) > 1


def test_there_are_as_many_threads_as_memory_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel_xz, "MAX_PARALLEL_BYTES", _MIB)
    assert most_threads(_TEXT) <= 1


@dataclass(frozen=True)
class Library:
    version: int

    def lzma_version_number(self) -> int:
        return self.version


@pytest.mark.parametrize(
    ("library", "expected"),
    [(None, 1), (Library(50040012), 1), (Library(50080002), 1), (Library(50080012), 3)],
)
def test_it_is_used_where_there_is_a_liblzma_whose_decoder_is_sound(
    monkeypatch: pytest.MonkeyPatch, library: Library | None, expected: int
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2})
    monkeypatch.setattr(parallel_xz, "_library", lambda: library)
    assert processors() == expected


def test_the_version_of_the_liblzma_that_is_here_is_known() -> None:
    library = parallel_xz._library()
    assert library is not None
    assert library.lzma_version_number() >= 50040002
