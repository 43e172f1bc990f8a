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
from imageferry.imaging.readers.qcow2 import Qcow2Reader
from support.extents import check_sound_or_refused
from support.images.qcow2 import CLUSTER, COPIED, PACKED, ZERO, qcow2

_MIB = 1 << 20
_DATA = 5 * CLUSTER
_EXTENDED = 1 << 4
_SUBCLUSTER = CLUSTER // 32
_ALL = 0xFFFFFFFF
_L2 = 4 * CLUSTER

Pieces = Callable[..., Any]


def reader(pieces: Pieces, image: dict[int, bytes], size: int = _MIB, file_size: int = 64) -> Any:
    """A reader of an image in a file of that many clusters."""
    source = pieces(image, file_size * CLUSTER)
    return Qcow2Reader(source, Inspection(Format.QCOW2, "version 3", size))


def plain(offset: int, place: int, length: int) -> Extent:
    return Extent(offset, length, place, length)


def refusal(reader: Any) -> ImageError:
    with pytest.raises(ImageError) as caught:
        list(reader.extents())
    return caught.value


def test_clusters_in_a_row_are_one_extent_whatever_their_flags(pieces: Pieces) -> None:
    entries = [_DATA | COPIED, _DATA + CLUSTER, 0, _DATA + 3 * CLUSTER | COPIED]
    assert list(reader(pieces, qcow2(l2=entries)).extents()) == [
        plain(0, _DATA, 2 * CLUSTER),
        plain(3 * CLUSTER, _DATA + 3 * CLUSTER, CLUSTER),
    ]


def test_clusters_in_a_row_that_two_tables_tell_are_one_extent(pieces: Pieces) -> None:
    size = 1024 * _MIB
    first = [_DATA + CLUSTER * (2 + number) for number in range(8192)]
    image = qcow2(size=size, l1_size=2, l1=[_L2, _DATA], l2=first)
    image[_DATA] = struct.pack(">Q", first[-1] + CLUSTER)
    (extent,) = reader(pieces, image, size, 9000).extents()
    assert extent == plain(0, first[0], 8193 * CLUSTER)


def test_zero_clusters_are_left_out_with_and_without_a_place(pieces: Pieces) -> None:
    entries = [ZERO, _DATA | COPIED | ZERO, _DATA + CLUSTER | COPIED]
    assert list(reader(pieces, qcow2(l2=entries)).extents()) == [
        plain(2 * CLUSTER, _DATA + CLUSTER, CLUSTER)
    ]


def test_version_2_has_no_zero_clusters(pieces: Pieces) -> None:
    error = refusal(reader(pieces, qcow2(version=2, l2=[0, 0, ZERO])))
    assert error.code == "InvalidImageFormat.Corrupt"
    assert "byte 131072 is marked as zero" in error.detail


def test_the_last_cluster_ends_with_the_disk_and_what_is_behind_is_nothing(pieces: Pieces) -> None:
    image = qcow2(size=CLUSTER + 512, l2=[0, _DATA, _DATA + CLUSTER, 77 << 40])
    assert list(reader(pieces, image, CLUSTER + 512).extents()) == [plain(CLUSTER, _DATA, 512)]


def test_a_compressed_cluster_reaches_over_whole_sectors_but_not_over_the_file(
    pieces: Pieces,
) -> None:
    last = 63 * CLUSTER + CLUSTER - 700
    entries = [
        PACKED | 3 << 54 | _DATA + 100,
        PACKED | 255 << 54 | last,
        PACKED | _DATA,
        PACKED | _DATA + CLUSTER,
    ]
    found = list(reader(pieces, qcow2(l2=entries)).extents())
    assert [(extent.place, extent.stored_length) for extent in found] == [
        (_DATA + 100, 4 * 512 - 100),
        (last, 700),
        (_DATA, 512),
        (_DATA + CLUSTER, 512),
    ]
    assert {extent.packing for extent in found} == {Packing.DEFLATE}
    assert {extent.length for extent in found} == {CLUSTER}


def test_a_compressed_cluster_ends_with_the_disk(pieces: Pieces) -> None:
    image = qcow2(size=1024, l2=[PACKED | _DATA])
    assert [extent.length for extent in reader(pieces, image, 1024).extents()] == [1024]


def test_the_header_tells_the_type_of_compression(pieces: Pieces) -> None:
    image = qcow2(features=1 << 3, header_length=112, compression_type=1, l2=[PACKED | _DATA])
    assert [extent.packing for extent in reader(pieces, image).extents()] == [Packing.ZSTD]


def extended(*entries: tuple[int, int], **fields: Any) -> dict[int, bytes]:
    return qcow2(features=_EXTENDED, l2=[word for entry in entries for word in entry], **fields)


def test_subclusters_that_hold_data_are_extents(pieces: Pieces) -> None:
    image = extended(
        (_DATA | COPIED, 0b0110_0001 | 0b1000 << 32),
        (0, _ALL << 32),
        (_DATA + 2 * CLUSTER, 1 << 31),
        (PACKED | _DATA, 0),
        (_DATA + 4 * CLUSTER, 0),
    )
    assert list(reader(pieces, image).extents()) == [
        plain(0, _DATA, _SUBCLUSTER),
        plain(5 * _SUBCLUSTER, _DATA + 5 * _SUBCLUSTER, 2 * _SUBCLUSTER),
        plain(3 * CLUSTER - _SUBCLUSTER, _DATA + 3 * CLUSTER - _SUBCLUSTER, _SUBCLUSTER),
        Extent(3 * CLUSTER, CLUSTER, _DATA, 512, Packing.DEFLATE),
    ]


def test_subclusters_in_a_row_are_one_extent_that_ends_with_the_disk(pieces: Pieces) -> None:
    size = 3 * CLUSTER + 512
    entries = [(_DATA + number * CLUSTER, _ALL) for number in range(3)]
    image = extended(*entries, (_DATA + 3 * CLUSTER, 0b101), size=size)
    assert list(reader(pieces, image, size).extents()) == [plain(0, _DATA, size)]


@pytest.mark.parametrize("entry", [(_DATA, 1 | 1 << 32), (0, 1), (COPIED, 1 << 31)])
def test_subclusters_that_cannot_be_are_refused(pieces: Pieces, entry: tuple[int, int]) -> None:
    error = refusal(reader(pieces, extended((0, 0), entry)))
    assert error.code == "InvalidImageFormat.Corrupt"
    assert f"byte 65536 cannot be {entry[1]:#x}" in error.detail


@pytest.mark.parametrize(
    ("image", "code", "detail"),
    [
        (qcow2(l1=[_L2 + 512]), "Corrupt", "table of the qcow2 image lies at byte 262656"),
        (qcow2(l1=[64 * CLUSTER]), "Truncated", "qcow2 table lies at byte 4194304"),
        (qcow2(l1_offset=64 * CLUSTER), "Truncated", "qcow2 table lies at byte 4194304"),
        (qcow2(l2=[_DATA + 512]), "Corrupt", "cluster of the qcow2 image lies at byte 328192"),
        (qcow2(l2=[64 * CLUSTER]), "Truncated", "keeps data at byte 4194304"),
        (qcow2(l2=[63 * CLUSTER, 64 * CLUSTER]), "Truncated", "keeps data at byte 4128768"),
        (qcow2(l2=[PACKED | 64 * CLUSTER]), "Truncated", "keeps data at byte 4194304"),
        (extended((_DATA + 512, 1)), "Corrupt", "cluster of the qcow2 image lies at byte 328192"),
        (extended((64 * CLUSTER, 2)), "Truncated", "keeps data at byte 4196352"),
    ],
)
def test_what_lies_at_no_sound_place_is_refused(
    pieces: Pieces, image: dict[int, bytes], code: str, detail: str
) -> None:
    error = refusal(reader(pieces, image))
    assert error.code == f"InvalidImageFormat.{code}"
    assert detail in error.detail


def test_an_empty_disk_of_two_tebibytes_costs_its_first_table(pieces: Pieces) -> None:
    found = reader(pieces, qcow2(size=2 << 40, l1_size=4096, l1=()), 2 << 40)
    assert list(found.extents()) == []
    assert found._source.bytes_asked < 4096 * 8 + 512


_ENTRIES = st.lists(
    st.one_of(
        st.integers(0, 2**64 - 1),
        st.integers(0, 70).map(lambda number: number * CLUSTER),
        st.builds(lambda place, flag: place | flag, st.integers(0, 70 * CLUSTER), st.just(PACKED)),
        st.sampled_from([ZERO, COPIED, _ALL, _ALL << 32]),
    ),
    max_size=16,
)


@pytest.mark.parametrize("features", [0, _EXTENDED])
def test_extents_are_sound_or_refused_whatever_the_table_says(
    pieces: Pieces, features: int
) -> None:
    size = 10 * CLUSTER + 512
    found = reader(pieces, qcow2(size=size, features=features), size)
    source = found._source

    @settings(max_examples=150, deadline=None)
    @given(entries=_ENTRIES)
    def holds(entries: list[int]) -> None:
        source.put(_L2, struct.pack(f">{len(entries)}Q", *entries).ljust(CLUSTER, b"\0"))
        check_sound_or_refused(found, source.size)

    holds()
