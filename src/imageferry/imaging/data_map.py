"""What of a source holds data.

It is kept in memory that does not grow with the source: beyond a million granules the
granule grows instead.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator

_SMALLEST_GRANULE = 64 * 1024
_MAX_GRANULES = 1024 * 1024


def granule_of(size: int) -> int:
    """The smallest part of a source of ``size`` bytes that is told apart, in bytes."""
    granule = _SMALLEST_GRANULE
    while size > granule * _MAX_GRANULES:
        granule *= 2
    return granule


class DataMap:
    """Where a source holds data. Holes shorter than a granule count as data."""

    def __init__(self, size: int, data_ranges: Iterable[tuple[int, int]]) -> None:
        """Make the map of a source.

        Args:
            size: The source's size in bytes.
            data_ranges: Its parts that may hold data, as offset and length, in order.
        """
        self._size = size
        self._starts = array("Q")
        self._ends = array("Q")
        granule = granule_of(size)
        for offset, length in data_ranges:
            if self._ends and offset - self._ends[-1] < granule:
                self._ends[-1] = offset + length
            else:
                self._starts.append(offset)
                self._ends.append(offset + length)

    def extents(self, offset: int, end: int) -> Iterator[tuple[int, int, bool]]:
        """The parts between two offsets in order: start, end, and whether it holds data."""
        index = max(0, bisect_right(self._starts, offset) - 1)
        while offset < end:
            while index < len(self._ends) and self._ends[index] <= offset:
                index += 1
            start = self._starts[index] if index < len(self._starts) else self._size
            holds_data = start <= offset
            stop = min(self._ends[index] if holds_data else start, end)
            yield offset, stop, holds_data
            offset = stop
