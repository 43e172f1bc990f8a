from __future__ import annotations

from imageferry.imaging.disk import Extent, Packing
from imageferry.imaging.source import CHUNK_SIZE
from imageferry.imaging.stretches import stretches


def packed(place: int, stored_length: int) -> Extent:
    return Extent(place * 16, 65536, place, stored_length, Packing.DEFLATE)


def lengths(*extents: Extent) -> list[int]:
    found = list(stretches(extents))
    assert [extent for stretch in found for extent in stretch.extents] == list(extents)
    assert sum(stretch.cost for stretch in found) == sum(item.stored_length for item in extents)
    for stretch in found:
        assert stretch.place == stretch.extents[0].place
        last = stretch.extents[-1]
        assert stretch.end == last.place + last.stored_length
    return [len(stretch.extents) for stretch in found]


def test_extents_behind_one_another_are_one_stretch() -> None:
    assert lengths(packed(0, 1000), packed(1000, 3000), packed(4000, 5)) == [3]
    assert lengths() == []


def test_neighbours_may_share_a_sector_and_no_more() -> None:
    assert lengths(packed(512, 1024), packed(1024, 1024)) == [2]
    assert lengths(packed(512, 1024), packed(1023, 1024)) == [1, 1]


def test_what_goes_back_stands_still_or_leaves_something_out_begins_another() -> None:
    assert lengths(packed(512, 512), packed(0, 512)) == [1, 1]
    assert lengths(packed(512, 512), packed(512, 512)) == [1, 1]
    assert lengths(packed(512, 512), packed(1025, 512)) == [1, 1]


def test_several_extents_lie_within_one_chunk() -> None:
    first, second = packed(CHUNK_SIZE - 512, 512), packed(CHUNK_SIZE, 512)
    assert lengths(first, second) == [1, 1]
    assert lengths(packed(CHUNK_SIZE - 512, 300), packed(CHUNK_SIZE - 212, 512)) == [1, 1]
    assert lengths(packed(CHUNK_SIZE - 512, 300), packed(CHUNK_SIZE - 212, 212)) == [2]
