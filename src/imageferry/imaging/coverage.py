"""What of a source holds data, and what of it has been read.

Both are kept in memory that does not grow with the source: beyond a million granules
the granule grows instead.
"""

from __future__ import annotations

import threading
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


class Coverage:
    """How much of a source has been read, as the union of what was read, to a granule.

    Holes count once a place behind them has been read.
    """

    def __init__(self, size: int, data_map: DataMap) -> None:
        """Start with nothing read.

        Args:
            size: The source's size in bytes.
            data_map: Where it holds data.
        """
        self._size = size
        self._map = data_map
        self._granule = granule_of(size)
        self._read = bytearray(-(-size // self._granule))
        self._granules_read = 0
        self._furthest = 0
        self._lock = threading.Lock()

    @property
    def done(self) -> int:
        """Bytes of the source that are done with. Never falls, never exceeds the size."""
        return min(self._granules_read * self._granule, self._size)

    def add(self, offset: int, length: int) -> None:
        """Count a part as read."""
        end = offset + length
        with self._lock:
            self._mark(offset // self._granule, -(-end // self._granule))
            if end > self._furthest:
                for start, stop, holds_data in self._map.extents(self._furthest, end):
                    if not holds_data:
                        self._mark(-(-start // self._granule), stop // self._granule)
                self._furthest = end

    def _mark(self, first: int, last: int) -> None:
        count = last - first
        if count > 0:
            self._granules_read += count - self._read.count(1, first, last)
            self._read[first:last] = b"\x01" * count
