"""Read the tables that say where a disk's data is: few reads, a bounded part of them at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice

from imageferry.imaging.errors import CORRUPT
from imageferry.imaging.reader import BoundedReader
from imageferry.imaging.source import ByteSource
from imageferry.telemetry.threads import ContextThreads

_BATCH_BYTES = 4 * 1024 * 1024
"""Tables that are held at once: those of 32 GiB of a usual qcow2."""
_LONGEST_READ = 1024 * 1024
_WIDEST_GAP = 64 * 1024
"""Bytes between two tables that are rather read along: they take less time than a request."""
_READS_AT_ONCE = 16
"""As many as a transfer keeps in flight."""


def read_pieces(source: ByteSource, place: int, length: int, what: str) -> Iterator[bytes]:
    """A long table, piece by piece, each of whole entries.

    Args:
        source: The image's bytes.
        place: Where it begins, in bytes.
        length: How long it is, in bytes.
        what: What it is, for an error's text.

    Raises:
        ImageError: it lies outside of the image, or cannot be read.
    """
    for done in range(0, length, _LONGEST_READ):
        count = min(_LONGEST_READ, length - done)
        yield BoundedReader(source, count).read(place + done, count, what)


def read_tables(
    source: ByteSource, tables: Iterable[tuple[int, int]], length: int, what: str
) -> Iterator[tuple[int, bytes]]:
    """Many short tables; those that have nothing but zeros are left out.

    Args:
        source: The image's bytes.
        tables: For each, what it is known by, and its place in bytes.
        length: How long each is, in bytes.
        what: What they are, for an error's text.

    Yields:
        What a table is known by, and its bytes, in the order in which they were asked for.

    Raises:
        ImageError: one lies outside of the image, or cannot be read, or there are so many that
            some must be named twice: then a small image would take hours to go through.
    """
    waiting = _distinct(tables, source.size // length, what)
    empty = bytes(length)
    with ContextThreads(_READS_AT_ONCE) as pool:
        while batch := list(islice(waiting, max(1, _BATCH_BYTES // length))):
            spans = _spans([place for _, place in batch], length)
            found: dict[int, bytes] = {}
            for tables_of_span in pool.map(partial(_read_span, source, length, what), spans):
                found |= tables_of_span
            for key, place in batch:
                if found[place] != empty:
                    yield key, found[place]


def _distinct(tables: Iterable[tuple[int, int]], most: int, what: str) -> Iterator[tuple[int, int]]:
    """The tables, as long as they are not more than can lie in the image beside each other."""
    for count, table in enumerate(tables):
        if count == most:
            raise CORRUPT.error(f"The image names more than one {what} at the same place.")
        yield table


def _spans(places: Iterable[int], length: int) -> Iterator[list[int]]:
    """The places, by place, in groups that one read each gets."""
    span: list[int] = []
    for place in sorted(set(places)):
        if span and (
            place - (span[-1] + length) > _WIDEST_GAP or place + length - span[0] > _LONGEST_READ
        ):
            yield span
            span = []
        span.append(place)
    if span:
        yield span


def _read_span(
    source: ByteSource, length: int, what: str, places: Sequence[int]
) -> dict[int, bytes]:
    start, size = places[0], places[-1] + length - places[0]
    data = BoundedReader(source, size).read(start, size, what)
    return {place: data[place - start : place - start + length] for place in places}
