from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate

import pytest

from imageferry.imaging.blocks import ExtentBlock, blocks, taken
from imageferry.imaging.disk import BLOCK_SIZE, Extent, Packing
from imageferry.imaging.errors import ImageError
from imageferry.imaging.source import CHUNK_SIZE

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


def _extents(block: ExtentBlock) -> tuple[Extent, ...]:
    return tuple(extent for stretch in block.stretches for extent in stretch.extents)


def _deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def test_an_extent_is_cut_where_blocks_end() -> None:
    reader = Reader(4 * BLOCK_SIZE, [plain(BLOCK_SIZE - 512, BLOCK_SIZE + 1024, CHUNK_SIZE - 512)])
    found = list(blocks(reader, Source()))
    assert [(block.offset, block.length) for block in found] == [
        (0, BLOCK_SIZE), (BLOCK_SIZE, BLOCK_SIZE), (2 * BLOCK_SIZE, BLOCK_SIZE),
    ]  # fmt: skip
    assert [_extents(block) for block in found] == [
        (plain(BLOCK_SIZE - 512, 512, CHUNK_SIZE - 512),),
        (plain(BLOCK_SIZE, BLOCK_SIZE, CHUNK_SIZE),),
        (plain(2 * BLOCK_SIZE, 512, 2 * CHUNK_SIZE),),
    ]


def test_extents_of_one_block_come_together_and_blocks_without_any_are_left_out() -> None:
    extents = [plain(512, 512, 0), plain(8 * _KIB, 512, 9000), plain(3 * BLOCK_SIZE, 512, 512)]
    found = list(blocks(Reader(4 * BLOCK_SIZE, extents), Source()))
    assert [block.offset for block in found] == [0, 3 * BLOCK_SIZE]
    assert [len(_extents(block)) for block in found] == [2, 1]
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
    packed = _deflated(b"guest" * 100)
    reader = Reader(1024, [Extent(512, 500, 0, len(packed), Packing.DEFLATE)])
    (block,) = blocks(reader, Source(packed))
    assert block.cost == len(packed)
    assert bytes(block.load()) == bytes(512) + b"guest" * 100 + bytes(12)


def test_a_plain_extent_is_cut_where_a_chunk_of_the_image_ends() -> None:
    source = Source()
    (block,) = blocks(Reader(8192, [plain(0, 8192, CHUNK_SIZE - 100)]), source)
    assert bytes(block.load()) == _FILE[CHUNK_SIZE - 100 : CHUNK_SIZE + 8092]
    assert source.taken == [(CHUNK_SIZE - 100, 100), (CHUNK_SIZE, 8092)]


def test_neighbours_in_the_image_are_taken_at_once() -> None:
    packed = [_deflated(bytes([number]) * 65536) for number in range(5)]
    places = list(accumulate(map(len, packed), initial=0))[:5]
    extents = [
        Extent(number * 128 * _KIB, 65536, place, len(data), Packing.DEFLATE)
        for number, (place, data) in enumerate(zip(places, packed, strict=True))
    ]
    source = Source(b"".join(packed))
    (block,) = blocks(Reader(640 * _KIB, extents), source)

    expected = b"".join((bytes([number]) * 65536).ljust(128 * _KIB, b"\0") for number in range(5))
    assert bytes(block.load()) == expected
    assert source.taken == [(0, len(source.data))]
    assert block.cost == len(source.data)


def test_what_is_taken_is_known_beforehand() -> None:
    source = Source()
    extents = [
        plain(512, 3 * BLOCK_SIZE, 9),
        plain(3 * BLOCK_SIZE + _KIB, 512, 1),
        plain(3 * BLOCK_SIZE + 8 * _KIB, _KIB, 77),
    ]
    reader = Reader(4 * BLOCK_SIZE, extents)
    for block in blocks(reader, source):
        block.load()
    assert [(part.place, part.end - part.place) for _, part in taken(reader)] == source.taken


def test_a_source_that_ends_early_is_an_error() -> None:
    (block,) = blocks(Reader(4096, [plain(0, 4096, 100)]), Source(bytes(4195)))
    with pytest.raises(ImageError, match="ended early, at byte") as caught:
        block.load()
    assert caught.value.code == "SourceReadFailed"
