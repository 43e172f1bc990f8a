from __future__ import annotations

from imageferry.imaging.disk import Extent, Packing
from imageferry.imaging.readers.coalesce import coalesce


def plain(offset: int, length: int, place: int) -> Extent:
    return Extent(offset, length, place, length)


def test_neighbours_on_the_disk_and_in_the_image_become_one() -> None:
    parts = [plain(0, 10, 50), plain(10, 20, 60), plain(30, 5, 80)]
    assert list(coalesce(parts)) == [plain(0, 35, 50)]


def test_a_gap_on_either_side_keeps_extents_apart() -> None:
    parts = [plain(0, 10, 50), plain(11, 10, 60), plain(21, 10, 71), plain(31, 10, 61)]
    assert list(coalesce(parts)) == parts


def test_packed_extents_stay_by_themselves() -> None:
    packed = [Extent(0, 10, 50, 10, Packing.ZSTD), Extent(10, 10, 60, 10, Packing.ZSTD)]
    parts = [*packed, plain(20, 10, 70), plain(30, 10, 80)]
    assert list(coalesce(parts)) == [*packed, plain(20, 20, 70)]


def test_nothing_stays_nothing() -> None:
    assert list(coalesce([])) == []
