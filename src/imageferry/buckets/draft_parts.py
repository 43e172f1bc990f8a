"""Where the parts of an object in the making begin and end, whose size nobody knows yet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

_SMALLEST = 8 << 20
_PARTS_OF_A_SIZE = 2000
_GROWTH = 4
_SIZES = 5
"""An upload has at most 10,000 parts: 16 GiB in parts of 8 MiB, then 64 in parts of 32, and so on
to 5 TiB, which is as much as an object of S3 can have."""


@dataclass(frozen=True)
class PartRange:
    """One part: its number, which counts from 1, and the bytes ``start`` to ``end``."""

    number: int
    start: int
    end: int

    @property
    def length(self) -> int:
        """The part's bytes."""
        return self.end - self.start


def part_at(offset: int) -> PartRange:
    """The part in which a byte lies.

    Raises:
        ValueError: an object cannot be so large.
    """
    for index, (start, length) in enumerate(_sizes()):
        if offset < start + length * _PARTS_OF_A_SIZE:
            number = (offset - start) // length
            begin = start + number * length
            return PartRange(index * _PARTS_OF_A_SIZE + number + 1, begin, begin + length)
    raise ValueError(f"no object has a byte {offset}")


@cache
def _sizes() -> tuple[tuple[int, int], ...]:
    """For each size of parts, where the first of them begins, and the size."""
    found = []
    start, length = 0, _SMALLEST
    for _ in range(_SIZES):
        found.append((start, length))
        start += length * _PARTS_OF_A_SIZE
        length *= _GROWTH
    return tuple(found)
