"""The disk in a VMDK that is one sparse file."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import chain, pairwise

from imageferry.imaging.disk import Extent, Packing
from imageferry.imaging.errors import TRUNCATED
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.inspectors.vmdk_header import SECTOR, ZERO_GRAIN, read_header
from imageferry.imaging.reader import BoundedReader
from imageferry.imaging.readers.coalesce import coalesce
from imageferry.imaging.readers.runs import runs
from imageferry.imaging.readers.tables import read_pieces, read_tables
from imageferry.imaging.source import ByteSource
from imageferry.imaging.words import little_endian_32


class VmdkReader:
    """A monolithicSparse or streamOptimized VMDK."""

    def __init__(self, source: ByteSource, inspection: Inspection) -> None:
        """Read its header.

        Args:
            source: The image's bytes.
            inspection: What the inspection has found.

        Raises:
            ImageError: the header cannot be read.
        """
        self._source = source
        self._header = read_header(BoundedReader(source))
        self._grain = self._header.grain * SECTOR
        self.virtual_size = inspection.virtual_size

    def extents(self) -> Iterator[Extent]:
        """The grains that hold data.

        Raises:
            ImageError: the tables cannot be read, or cannot be right.
        """
        return coalesce(self._extents())

    def _extents(self) -> Iterator[Extent]:
        covered = self._header.table_entries * self._grain
        length = self._header.table_entries * 4
        grains = self._compressed if self._header.compressed else self._plain
        for index, data in read_tables(self._source, self._tables(), length, "VMDK table"):
            start = index * covered
            count = -(-min(covered, self.virtual_size - start) // self._grain)
            entries = little_endian_32(data)[:count]
            if self._header.has_zero_grains and ZERO_GRAIN in entries:
                entries = array("I", (0 if word == ZERO_GRAIN else word for word in entries))
            yield from grains(start, entries)

    def _tables(self) -> Iterator[tuple[int, int]]:
        """The grain tables: their numbers and places."""
        place, length = self._header.directory * SECTOR, self._header.directory_entries * 4
        pieces = read_pieces(self._source, place, length, "VMDK directory")
        entries = chain.from_iterable(map(little_endian_32, pieces))
        return ((index, entry * SECTOR) for index, entry in enumerate(entries) if entry)

    def _plain(self, start: int, entries: array[int]) -> Iterator[Extent]:
        for index, count, entry in runs(entries, self._header.grain):
            offset, place = start + index * self._grain, entry * SECTOR
            length = min(count * self._grain, self.virtual_size - offset)
            if place + length > self._source.size:
                raise self._outside(place)
            yield Extent(offset, length, place, length)

    def _compressed(self, start: int, entries: array[int]) -> Iterator[Extent]:
        stored = self._stored_lengths(entries)
        for index, entry in enumerate(entries):
            if not entry:
                continue
            offset, place = start + index * self._grain, entry * SECTOR
            if place >= self._source.size:
                raise self._outside(place)
            length = min(self._grain, self.virtual_size - offset)
            yield Extent(offset, length, place, stored[entry], Packing.GRAIN)

    def _stored_lengths(self, entries: array[int]) -> dict[int, int]:
        """The bytes to read for each grain of a table, by its entry.

        No table tells them. A grain reaches to the next one at most, and is never much longer
        than its data.
        """
        most = _longest_stored(self._grain)
        end = -(-self._source.size // SECTOR)
        places = sorted({*entries, max(end, *entries)})
        return {
            place: min((following - place) * SECTOR, most, self._source.size - place * SECTOR)
            for place, following in pairwise(places)
        }

    def _outside(self, place: int) -> Exception:
        return TRUNCATED.error(
            f"The image has {self._source.size} bytes, but keeps data at byte {place}."
        )


def _longest_stored(grain: int) -> int:
    """More bytes than any sound program takes for a grain: its marker, and worst deflate.

    The bound is that of zlib's ``deflateBound`` for a compressor of which nothing is known,
    and room for the marker and a zlib stream's own head and end.
    """
    return grain + grain // 8 + grain // 64 + SECTOR
