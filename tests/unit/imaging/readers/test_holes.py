from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from imageferry.imaging.disk import Extent
from imageferry.imaging.readers.holes import without_holes


def plain(offset: int, length: int, place: int) -> Extent:
    return Extent(offset, length, place, length)


def test_extents_are_cut_to_the_data(pieces: Callable[..., Any]) -> None:
    source = pieces({0: b"x" * 5, 10: b"x" * 10, 25: b"x" * 50}, 100)
    parts = [plain(0, 30, 2), plain(30, 10, 32), plain(40, 20, 80), plain(60, 4, 10)]
    assert list(without_holes(parts, source)) == [
        plain(0, 3, 2),
        plain(8, 10, 10),
        plain(23, 7, 25),
        plain(30, 10, 32),
        plain(60, 4, 10),
    ]


def test_a_source_without_data_leaves_nothing(pieces: Callable[..., Any]) -> None:
    assert list(without_holes([plain(0, 10, 0)], pieces({}, 10))) == []


class Ranges:
    """A source of 64 bytes, of which some are data."""

    def __init__(self, data: set[int]) -> None:
        self._data = data
        self.size = 64

    def pread(self, offset: int, length: int) -> bytes:
        places = range(offset, offset + length)
        return bytes(place + 1 if place in self._data else 0 for place in places)

    def data_ranges(self) -> Iterator[tuple[int, int]]:
        for place in sorted(self._data):
            yield place, 1

    def fileno(self, _moving: int = 0) -> int | None:
        return None


def content(extents: list[Extent], source: Ranges) -> bytes:
    disk = bytearray(64)
    for extent in extents:
        data = source.pread(extent.place, extent.length)
        disk[extent.offset : extent.offset + extent.length] = data
    return bytes(disk)


@given(data=st.sets(st.integers(0, 63)), order=st.permutations(range(8)))
def test_no_data_is_lost_whatever_the_order(data: set[int], order: list[int]) -> None:
    source = Ranges(data)
    extents = [plain(block * 8, 8, place * 8) for block, place in enumerate(order)]
    assert content(list(without_holes(extents, source)), source) == content(extents, source)
