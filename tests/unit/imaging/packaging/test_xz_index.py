"""The blocks of an xz file: where they are, and whole files of those that are left."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imageferry.imaging.checkpoint import BEGINNING, Restart
from imageferry.imaging.packaging import xz_index
from imageferry.imaging.packaging.decompression import PIECE_SIZE, Decompressed
from imageferry.imaging.packaging.package import Compression
from imageferry.imaging.packaging.xz_index import XzIndex
from support.images.packages import xz, xz_blocks
from support.sources import BytesSource

_DATA = Random(1).randbytes(20_000) + bytes(300_000) + b"end"
_BLOCK = 30_000
_PACKED = xz_blocks(_DATA, _BLOCK)


def index_of(packed: bytes) -> XzIndex:
    return XzIndex.of(BytesSource(packed))


def left_of(packed: bytes, restart: Restart, chunk: int) -> bytes:
    """What a decoder makes of what is left of a file from the beginning of a block on."""
    chunks = (packed[at : at + chunk] for at in range(restart.place, len(packed), chunk))
    left = list(index_of(packed).whole(restart.place, chunks))
    assert all(left)
    coming = Decompressed(left, Compression.XZ, max_bytes=1 << 30)
    return b"".join(iter(lambda: coming.read(PIECE_SIZE), b""))


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(0, len(_DATA)), min_size=1, max_size=3),
    padding=st.integers(0, 3),
    block=st.integers(1000, 2 * _BLOCK),
    share=st.floats(0, 1),
    chunk=st.sampled_from([7, 1000, 4096, 1 << 20]),
)
def test_what_is_left_from_any_block_on_can_be_decoded(
    sizes: list[int], padding: int, block: int, share: float, chunk: int
) -> None:
    packed = b"".join(xz_blocks(_DATA[:size], block) + bytes(4 * padding) for size in sizes)
    data = b"".join(_DATA[:size] for size in sizes)
    position = int(share * len(data))
    restart = index_of(packed).before(position)
    assert restart.position <= position
    if data:
        assert position - restart.position <= block
        assert left_of(packed, restart, chunk) == data[restart.position :]


def test_files_of_the_library_have_an_index_too() -> None:
    packed = xz(_DATA) + xz(_DATA)
    restart = index_of(packed).before(len(_DATA))
    assert restart.position == len(_DATA)
    assert left_of(packed, restart, 1000) == _DATA
    assert index_of(packed).before(len(_DATA) - 1) == Restart(12, 0)


def test_an_empty_file_has_no_blocks() -> None:
    assert index_of(xz(b"")).before(0) == BEGINNING


def damaged(place: int) -> bytes:
    packed = bytearray(_PACKED)
    packed[place] ^= 1
    return bytes(packed)


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        _PACKED[:-1],
        _PACKED[:-4],
        _PACKED + bytes(5),
        _PACKED + bytes(2000),
        b"more" + _PACKED,
        _PACKED[100:],
        *map(damaged, (0, 7, -1, -4, -6, -9, -13, -30)),
    ],
    ids=lambda packed: str(len(packed)),
)
def test_there_are_no_blocks_where_an_index_is_damaged(packed: bytes) -> None:
    assert index_of(packed).before(1 << 40) == BEGINNING


def made(packed: int, unpacked: int) -> bytes:
    """A stream that says of its only block that it has these sizes, and has no block."""
    stream = xz_index._Stream(0, 0, 0, b"\0\1", [packed], [unpacked])
    return stream.header + stream.ending(0)


def with_padding_that_is_none() -> bytes:
    index = b"\0\0\1\0"
    return _closed(index)


def with_a_number_that_never_ends() -> bytes:
    return _closed(b"\0" + b"\xff" * 11)


def with_more_blocks_than_it_tells() -> bytes:
    return _closed(b"\0\x02\x01\x01")


def _closed(index: bytes) -> bytes:
    footer = ((len(index) + 4) // 4 - 1).to_bytes(4, "little") + b"\0\1"
    crc = xz_index._crc
    return crc(b"") + index + crc(index) + crc(footer) + footer + b"YZ"


@pytest.mark.parametrize(
    "make",
    [
        lambda: made(1 << 20, 5),
        lambda: made(8, 1 << 60),
        lambda: made(1 << 63, 8),
        with_padding_that_is_none,
        with_a_number_that_never_ends,
        with_more_blocks_than_it_tells,
    ],
)
def test_an_index_that_cannot_be_right_has_no_blocks(make: Callable[[], bytes]) -> None:
    assert index_of(make()).before(1 << 40) == BEGINNING


def test_indexes_are_read_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xz_index, "_MOST_INDEX_BYTES", 40)
    assert index_of(_PACKED).before(1 << 40) == BEGINNING
    monkeypatch.setattr(xz_index, "_MOST_INDEX_BYTES", 100)
    assert index_of(_PACKED).before(1 << 40).position > 0
    assert index_of(_PACKED * 3).before(1 << 40) == BEGINNING


def test_streams_are_read_up_to_a_bound() -> None:
    assert index_of(xz(b"a") * 64).before(1 << 40).position == 63
    assert index_of(xz(b"a") * 65).before(1 << 40) == BEGINNING
