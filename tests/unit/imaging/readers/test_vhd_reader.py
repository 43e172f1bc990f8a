from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from imageferry.imaging.disk import Extent
from imageferry.imaging.errors import ImageError
from imageferry.imaging.formats import Format
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.readers.vhd import VhdReader
from support.images.vhd import BLOCK, FREE, MIB, dynamic, footer

_DATA = 2048 + 512
"""Where the data of the block at sector 4 begins, after its bitmap."""


def found(size: int = 4 * MIB, subformat: str = "dynamic") -> Inspection:
    return Inspection(Format.VHD, subformat, size)


def test_blocks_are_read_from_behind_their_bitmap(solid: Callable[..., Any]) -> None:
    reader = VhdReader(solid(dynamic(table=(FREE, 4))), found())
    assert reader.virtual_size == 4 * MIB
    assert list(reader.extents()) == [Extent(BLOCK, BLOCK, _DATA, BLOCK)]


def test_the_last_block_ends_with_the_disk(solid: Callable[..., Any]) -> None:
    size = BLOCK + 1536
    reader = VhdReader(solid(dynamic(size=size, table=(FREE, 4))), found(size))
    assert list(reader.extents()) == [Extent(BLOCK, 1536, _DATA, 1536)]


@pytest.mark.parametrize(
    ("block_size", "bitmap"), [(4096, 512), (2 * MIB, 512), (4 * MIB, 1024), (256 * MIB, 65536)]
)
def test_large_blocks_have_large_bitmaps(
    solid: Callable[..., Any], block_size: int, bitmap: int
) -> None:
    image = dynamic(size=4096, block_size=block_size, table=(4, FREE))
    image[2048 + block_size + bitmap] = footer(size=4096)
    (extent,) = VhdReader(solid(image), found(4096)).extents()
    assert extent == Extent(0, 4096, 2048 + bitmap, 4096)


def test_extents_may_be_asked_for_again(solid: Callable[..., Any]) -> None:
    reader = VhdReader(solid(dynamic()), found())
    assert list(reader.extents()) == list(reader.extents()) != []


@pytest.mark.parametrize("entry", [5, 99999, FREE - 1])
def test_a_block_outside_of_the_file_is_an_error(solid: Callable[..., Any], entry: int) -> None:
    reader = VhdReader(solid(dynamic(table=(4, entry))), found())
    with pytest.raises(ImageError, match=f"but keeps data at byte {entry * 512}") as caught:
        list(reader.extents())
    assert caught.value.code == "InvalidImageFormat.Truncated"


def test_a_table_outside_of_the_file_is_an_error(solid: Callable[..., Any]) -> None:
    size = 2048 * BLOCK
    image = dynamic(size=size, entries=2048, table=())
    source = solid({0: image[0], 512: image[512], 4096: footer(size=size)})
    with pytest.raises(ImageError, match="VHD table lies at byte 1536"):
        list(VhdReader(source, found(size)).extents())


def test_another_disk_than_the_inspected_is_an_error(solid: Callable[..., Any]) -> None:
    with pytest.raises(ImageError, match="was 4096 bytes at its inspection, and is 4194304 now"):
        VhdReader(solid(dynamic()), found(4096))


def test_a_table_is_read_in_large_pieces_and_not_before_it_is_needed(
    solid: Callable[..., Any],
) -> None:
    entries = 3 * MIB // 4
    size = entries * 4096
    table = [FREE] * (entries - 1) + [4 * MIB // 512]
    image = dynamic(size=size, block_size=4096, entries=entries, table=table)
    source = solid({0: image[0], 512: image[512], 1536: image[1536], 5 * MIB: footer(size=size)})
    extents = VhdReader(source, found(size)).extents()
    opening = len(source.reads)
    assert list(extents) == [Extent(size - 4096, 4096, 4 * MIB + 512, 4096)]
    assert source.reads[opening:] == [MIB, MIB, MIB]


def test_holes_of_the_source_are_left_out(pieces: Callable[..., Any]) -> None:
    image = dynamic(table=(FREE, 4)) | {_DATA + 4096: b"x" * 512}
    reader = VhdReader(pieces(image), found())
    assert list(reader.extents()) == [Extent(BLOCK + 4096, 512, _DATA + 4096, 512)]


def test_a_fixed_disk_is_the_file_without_its_footer(pieces: Callable[..., Any]) -> None:
    source = pieces({0: b"boot", 4096: b"x" * 1000, 4 * MIB: footer(kind=2)})
    reader = VhdReader(source, found(subformat="fixed"))
    assert list(reader.extents()) == [Extent(0, 4, 0, 4), Extent(4096, 1000, 4096, 1000)]


def test_a_fixed_disk_without_holes_is_one_extent(solid: Callable[..., Any]) -> None:
    whole = b"x" * (4 * MIB) + footer(kind=2)
    reader = VhdReader(solid({0: whole}), found(subformat="fixed"))
    assert list(reader.extents()) == [Extent(0, 4 * MIB, 0, 4 * MIB)]


def test_entries_behind_the_end_of_the_disk_are_not_read(solid: Callable[..., Any]) -> None:
    reader = VhdReader(solid(dynamic(size=BLOCK, entries=2, table=(4, 99999))), found(BLOCK))
    assert list(reader.extents()) == [Extent(0, BLOCK, _DATA, BLOCK)]
