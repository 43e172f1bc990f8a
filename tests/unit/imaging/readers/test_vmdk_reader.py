from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imageferry.imaging.disk import Extent, Packing
from imageferry.imaging.errors import ImageError
from imageferry.imaging.formats import Format
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.readers.vmdk import VmdkReader
from support.extents import check_sound_or_refused
from support.images.vmdk import AT_END, SECTOR, STREAM, header, stream_optimized, vmdk

_MIB = 1 << 20
_GRAIN = 128 * SECTOR
_LONGEST = _GRAIN + _GRAIN // 8 + _GRAIN // 64 + SECTOR
_SECTORS_IN_FILE = 8192

Pieces = Callable[..., Any]


def reader(pieces: Pieces, image: dict[int, bytes], size: int = _MIB) -> Any:
    source = pieces(image, _SECTORS_IN_FILE * SECTOR)
    return VmdkReader(source, Inspection(Format.VMDK, "any", size))


def plain(offset: int, sector: int, length: int) -> Extent:
    return Extent(offset, length, sector * SECTOR, length)


def test_grains_in_a_row_are_one_extent(pieces: Pieces) -> None:
    found = reader(pieces, vmdk(table=(128, 256, 0, 1024, 512)))
    assert list(found.extents()) == [
        plain(0, 128, 2 * _GRAIN),
        plain(3 * _GRAIN, 1024, _GRAIN),
        plain(4 * _GRAIN, 512, _GRAIN),
    ]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (7, [plain(_GRAIN, 129, _GRAIN)]),
        (3, [plain(0, 1, 2 * _GRAIN)]),
    ],
)
def test_an_entry_of_1_is_zero_where_the_header_says_so(
    pieces: Pieces, flags: int, expected: list[Extent]
) -> None:
    found = reader(pieces, vmdk(flags=flags, table=(1, 129, 1) if flags == 7 else (1, 129)))
    assert list(found.extents()) == expected


def test_the_last_grain_ends_with_the_disk_and_what_is_behind_is_nothing(pieces: Pieces) -> None:
    size = _GRAIN + 3 * SECTOR
    image = vmdk(capacity=size // SECTOR, table=(0, 128, 2**32 - 1))
    assert list(reader(pieces, image, size).extents()) == [plain(_GRAIN, 128, 3 * SECTOR)]


def test_a_compressed_grain_reaches_to_the_next_one_or_as_far_as_one_can(pieces: Pieces) -> None:
    image = stream_optimized(table=(4000, 128, 0, 130, _SECTORS_IN_FILE - 1))
    found = list(reader(pieces, image).extents())
    assert [(extent.offset, extent.place, extent.stored_length) for extent in found] == [
        (0, 4000 * SECTOR, _LONGEST),
        (_GRAIN, 128 * SECTOR, 2 * SECTOR),
        (3 * _GRAIN, 130 * SECTOR, _LONGEST),
        (4 * _GRAIN, (_SECTORS_IN_FILE - 1) * SECTOR, SECTOR),
    ]
    assert {(extent.packing, extent.length) for extent in found} == {(Packing.GRAIN, _GRAIN)}


def test_the_last_compressed_grain_ends_with_the_disk(pieces: Pieces) -> None:
    size = _GRAIN + SECTOR
    image = stream_optimized(capacity=size // SECTOR, table=(128, 130))
    assert [extent.length for extent in reader(pieces, image, size).extents()] == [_GRAIN, SECTOR]


def test_a_directory_at_the_end_is_found(pieces: Pieces) -> None:
    fields: dict[str, Any] = {"version": 3, "flags": 3 | STREAM, "compression": 1}
    marker = struct.pack("<QII", 1, 0, 3).ljust(SECTOR, b"\0")
    image = stream_optimized(directory=AT_END, table=(128,))
    image[(_SECTORS_IN_FILE - 3) * SECTOR] = marker + header(**fields) + bytes(SECTOR)
    (extent,) = reader(pieces, image).extents()
    assert (extent.offset, extent.place) == (0, 128 * SECTOR)


@pytest.mark.parametrize(
    ("image", "detail"),
    [
        (vmdk(directory=_SECTORS_IN_FILE), "VMDK directory lies at byte 4194304"),
        (vmdk() | {26 * SECTOR: struct.pack("<I", 8191)}, "VMDK table lies at byte 4193792"),
        (vmdk(table=(0, 8192)), "keeps data at byte 4194304"),
        (vmdk(table=(8064, 8192)), "keeps data at byte 4128768"),
        (stream_optimized(table=(0, 8192)), "keeps data at byte 4194304"),
    ],
)
def test_what_lies_outside_of_the_file_is_refused(
    pieces: Pieces, image: dict[int, bytes], detail: str
) -> None:
    with pytest.raises(ImageError) as caught:
        list(reader(pieces, image).extents())
    assert caught.value.code == "InvalidImageFormat.Truncated"
    assert detail in caught.value.detail


_ENTRY = st.one_of(
    st.integers(0, 2**32 - 1), st.integers(0, _SECTORS_IN_FILE), st.sampled_from([0, 1, 129, 257])
)


@pytest.mark.parametrize("image", [vmdk(flags=7), vmdk(flags=3), stream_optimized()])
def test_extents_are_sound_or_refused_whatever_the_table_says(
    pieces: Pieces, image: dict[int, bytes]
) -> None:
    found = reader(pieces, image)
    source = found._source

    @settings(max_examples=100, deadline=None)
    @given(table=st.lists(_ENTRY, max_size=20))
    def holds(table: list[int]) -> None:
        source.put(27 * SECTOR, struct.pack(f"<{len(table)}I", *table).ljust(2048, b"\0"))
        check_sound_or_refused(found, source.size)

    holds()
