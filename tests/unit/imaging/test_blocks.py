from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from imageferry.imaging.blocks import blocks, ranges
from imageferry.imaging.disk import BLOCK_SIZE, Extent, Packing
from imageferry.imaging.errors import ImageError

_KIB = 1024
_FILE = bytes(range(251)) * 70_000


@dataclass(frozen=True)
class Reader:
    virtual_size: int
    parts: list[Extent]

    def extents(self) -> Iterator[Extent]:
        yield from self.parts


@dataclass
class Source:
    data: bytes = _FILE
    taken: list[tuple[int, int]] = field(default_factory=list)

    def take(self, place: int, length: int) -> bytes:
        self.taken.append((place, length))
        return self.data[place : place + length]


def plain(offset: int, length: int, place: int) -> Extent:
    return Extent(offset, length, place, length)


def test_an_extent_is_cut_where_blocks_end() -> None:
    reader = Reader(4 * BLOCK_SIZE, [plain(BLOCK_SIZE - 512, BLOCK_SIZE + 1024, 100)])
    found = list(blocks(reader, Source()))
    assert [(block.offset, block.length) for block in found] == [
        (0, BLOCK_SIZE), (BLOCK_SIZE, BLOCK_SIZE), (2 * BLOCK_SIZE, BLOCK_SIZE),
    ]  # fmt: skip
    assert [block.extents for block in found] == [
        (plain(BLOCK_SIZE - 512, 512, 100),),
        (plain(BLOCK_SIZE, BLOCK_SIZE, 612),),
        (plain(2 * BLOCK_SIZE, 512, 612 + BLOCK_SIZE),),
    ]


def test_extents_of_one_block_come_together_and_blocks_without_any_are_left_out() -> None:
    extents = [plain(512, 512, 0), plain(8 * _KIB, 512, 9000), plain(3 * BLOCK_SIZE, 512, 512)]
    found = list(blocks(Reader(4 * BLOCK_SIZE, extents), Source()))
    assert [block.offset for block in found] == [0, 3 * BLOCK_SIZE]
    assert [len(block.extents) for block in found] == [2, 1]
    assert [block.cost for block in found] == [1024, 512]


def test_a_block_is_its_extents_among_zeros() -> None:
    source = Source()
    reader = Reader(64 * _KIB, [plain(512, 1024, 7), plain(63 * _KIB, _KIB, 5000)])
    (block,) = blocks(reader, source)
    expected = bytes(512) + _FILE[7:1031] + bytes(63 * _KIB - 1536) + _FILE[5000:6024]
    assert bytes(block.load()) == expected
    assert source.taken == [(7, 1024), (5000, 1024)]


def test_the_last_block_ends_with_the_disk() -> None:
    end = BLOCK_SIZE + 700
    (block,) = blocks(Reader(end, [plain(BLOCK_SIZE, 700, 3)]), Source())
    assert (block.length, bytes(block.load())) == (700, _FILE[3:703])


def test_packed_extents_are_unpacked() -> None:
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(b"guest" * 100) + packer.flush()
    reader = Reader(1024, [Extent(512, 500, 0, len(packed), Packing.DEFLATE)])
    (block,) = blocks(reader, Source(packed))
    assert block.cost == len(packed)
    assert bytes(block.load()) == bytes(512) + b"guest" * 100 + bytes(12)


def test_ranges_are_what_the_blocks_take() -> None:
    source = Source()
    extents = [
        plain(512, 3 * BLOCK_SIZE, 9),
        plain(3 * BLOCK_SIZE + _KIB, 512, 1),
        plain(3 * BLOCK_SIZE + 8 * _KIB, _KIB, 77),
    ]
    reader = Reader(4 * BLOCK_SIZE, extents)
    for block in blocks(reader, source):
        block.load()
    taken = [(place, length) for _, place, length in ranges(reader)]
    assert taken == source.taken


def test_a_source_that_ends_early_is_an_error() -> None:
    (block,) = blocks(Reader(4096, [plain(0, 4096, 100)]), Source(bytes(4195)))
    with pytest.raises(ImageError, match="ended early, at byte") as caught:
        block.load()
    assert caught.value.code == "SourceReadFailed"
