"""Runs within a table: entries that count up, as those of data that lies in one piece do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def runs(entries: Iterable[int], step: int) -> Iterator[tuple[int, int, int]]:
    """The runs of entries in which each is by ``step`` larger than the one before.

    Runs are as long as they can be, by index; entries of 0 are in none. It does as little as
    it can for each entry: a disk of a terabyte has 16 millions.

    Args:
        entries: A table's entries.
        step: What an entry has more than the one before it.

    Yields:
        The index of a run's first entry, the number of its entries, and the first one.
    """
    start = first = expected = stride = 0
    index = -1
    for index, entry in enumerate(entries):
        if entry == expected:
            expected += stride
            continue
        if stride:
            yield start, index - start, first
        start, first = index, entry
        stride = step if entry else 0
        expected = entry + stride
    if stride:
        yield start, index + 1 - start, first
