from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from imageferry.imaging.disk import Extent
from imageferry.imaging.errors import ImageError
from imageferry.imaging.formats import Format
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.readers.vhdx import VhdxReader
from support.images.vhdx import METADATA, MIB, PRESENT, TABLE, vhdx

_BLOCK = 8 * MIB
_TIB = 1024**4


def found(size: int = 32 * MIB) -> Inspection:
    return Inspection(Format.VHDX, "dynamic", size)


def at(mebibyte: int, state: int = PRESENT) -> int:
    return mebibyte << 20 | state


def test_only_blocks_that_are_present_hold_data(solid: Callable[..., Any]) -> None:
    reader = VhdxReader(solid(vhdx(table=(0, at(4), 2, 3))), found())
    assert reader.virtual_size == 32 * MIB
    assert list(reader.extents()) == [Extent(_BLOCK, _BLOCK, 4 * MIB, _BLOCK)]


@pytest.mark.parametrize("state", [0, 1, 2, 3, 5])
def test_other_blocks_are_zero_whatever_place_they_name(
    solid: Callable[..., Any], state: int
) -> None:
    assert list(VhdxReader(solid(vhdx(table=(at(4, state),))), found()).extents()) == []


def test_blocks_in_a_row_are_one_extent(solid: Callable[..., Any]) -> None:
    source = solid(vhdx(table=(at(12), at(20), at(4), 0)), 28 * MIB)
    assert list(VhdxReader(source, found()).extents()) == [
        Extent(0, 2 * _BLOCK, 12 * MIB, 2 * _BLOCK),
        Extent(2 * _BLOCK, _BLOCK, 4 * MIB, _BLOCK),
    ]


def test_the_last_block_ends_with_the_disk_and_may_be_short(solid: Callable[..., Any]) -> None:
    size = _BLOCK + 1536
    source = solid(vhdx(size=size, table=(0, at(4))), 4 * MIB + 1536)
    reader = VhdxReader(source, found(size))
    assert list(reader.extents()) == [Extent(_BLOCK, 1536, 4 * MIB, 1536)]


def test_entries_for_bitmaps_stand_between_those_for_blocks(solid: Callable[..., Any]) -> None:
    block, ratio = 256 * MIB, 16
    table = [0] * (3 * ratio + 3)
    table[ratio - 1] = at(256)
    table[ratio] = at(99)
    table[ratio + 1] = at(512)
    table[2 * ratio + 1] = at(99)
    table[2 * ratio + 2] = at(1024)
    size = 3 * ratio * block
    source = solid(vhdx(block=block, size=size, table=table), 1280 * MIB)
    assert list(VhdxReader(source, found(size)).extents()) == [
        Extent((ratio - 1) * block, 2 * block, 256 * MIB, 2 * block),
        Extent(2 * ratio * block, block, 1024 * MIB, block),
    ]


@pytest.mark.parametrize(
    ("entry", "code", "detail"),
    [
        (at(5), "Truncated", "has 12582912 bytes, but keeps data at byte 5242880"),
        (at(2**44 - 1), "Truncated", "keeps data at byte 18446744073708503040"),
        (at(4, 7), "BackingFile", "partly in another disk"),
        (at(4, 4), "Corrupt", "block in state 4"),
    ],
)
def test_entries_that_cannot_be_right(
    solid: Callable[..., Any], entry: int, code: str, detail: str
) -> None:
    with pytest.raises(ImageError, match=detail) as caught:
        list(VhdxReader(solid(vhdx(table=(0, entry, 0, 0))), found()).extents())
    assert caught.value.code == f"InvalidImageFormat.{code}"


def test_a_huge_table_costs_its_reading_and_no_memory(solid: Callable[..., Any]) -> None:
    size = 2 * _TIB
    image = vhdx(
        block=MIB,
        size=size,
        regions=[(TABLE, 4 * MIB, 17 * MIB, 1), (METADATA, 2 * MIB, MIB, 1)],
    )
    last = size // MIB - 1
    image[4 * MIB + (last + last // 4096) * 8] = at(21).to_bytes(8, "little")
    source = solid(image, 22 * MIB)
    reader = VhdxReader(source, found(size))
    source.reads.clear()
    tracemalloc.start()
    extents = list(reader.extents())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert extents == [Extent(size - MIB, MIB, 21 * MIB, MIB)]
    assert source.reads == [MIB] * 16 + [511 * 8]
    assert peak < 5 * MIB


def test_extents_come_as_the_table_is_read(solid: Callable[..., Any]) -> None:
    size = 512 * 1024 * MIB
    regions = [(TABLE, 4 * MIB, 5 * MIB, 1), (METADATA, 2 * MIB, MIB, 1)]
    image = vhdx(block=MIB, size=size, regions=regions)
    image[4 * MIB] = b"".join(at(place).to_bytes(8, "little") for place in (9, 11))
    source = solid(image)
    reader = VhdxReader(source, found(size))
    source.reads.clear()
    assert next(reader.extents()).place == 9 * MIB
    assert source.reads == [MIB]


def test_another_disk_than_the_inspected_is_an_error(solid: Callable[..., Any]) -> None:
    with pytest.raises(ImageError, match="was 512 bytes at its inspection") as caught:
        VhdxReader(solid(vhdx()), found(512))
    assert caught.value.code == "SourceReadFailed"
