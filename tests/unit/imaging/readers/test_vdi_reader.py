from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from imageferry.imaging.disk import Extent
from imageferry.imaging.errors import ImageError
from imageferry.imaging.formats import Format
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.readers.vdi import VdiReader
from support.images.vdi import DISCARDED, FREE, MIB, vdi


def found(size: int = 4 * MIB) -> Inspection:
    return Inspection(Format.VDI, "dynamic", size)


def test_free_and_discarded_blocks_are_zero(solid: Callable[..., Any]) -> None:
    reader = VdiReader(solid(vdi(table=(FREE, 1, DISCARDED, 0))), found())
    assert reader.virtual_size == 4 * MIB
    assert list(reader.extents()) == [
        Extent(MIB, MIB, 2 * MIB, MIB),
        Extent(3 * MIB, MIB, MIB, MIB),
    ]


def test_blocks_in_a_row_are_one_extent(solid: Callable[..., Any]) -> None:
    reader = VdiReader(solid(vdi(table=(FREE, 0, 1, FREE))), found())
    assert list(reader.extents()) == [Extent(MIB, 2 * MIB, MIB, 2 * MIB)]


def test_data_need_not_begin_at_a_whole_block(solid: Callable[..., Any]) -> None:
    reader = VdiReader(solid(vdi(data_offset=1536, table=(1, FREE, FREE, FREE))), found())
    assert list(reader.extents()) == [Extent(0, MIB, 1536 + MIB, MIB)]


def test_the_last_block_ends_with_the_disk(solid: Callable[..., Any]) -> None:
    image = vdi(size=3 * MIB + 700, table=(FREE, FREE, FREE, 1))
    reader = VdiReader(solid(image), found(3 * MIB + 1024))
    assert list(reader.extents()) == [Extent(3 * MIB, 1024, 2 * MIB, 1024)]


@pytest.mark.parametrize("entry", [2, 9, DISCARDED - 1])
def test_a_block_outside_of_the_file_is_an_error(solid: Callable[..., Any], entry: int) -> None:
    reader = VdiReader(solid(vdi(table=(0, entry, FREE, FREE))), found())
    with pytest.raises(ImageError, match=f"keeps data at byte {(entry + 1) * MIB}") as caught:
        list(reader.extents())
    assert caught.value.code == "InvalidImageFormat.Truncated"


def test_a_source_that_fails_is_an_error(solid: Callable[..., Any]) -> None:
    source = solid(vdi())
    reader = VdiReader(source, found())
    source.pread = lambda offset, length: b"short"
    with pytest.raises(ImageError, match="VDI table at byte 512 ended early") as caught:
        list(reader.extents())
    assert caught.value.code == "SourceReadFailed"
