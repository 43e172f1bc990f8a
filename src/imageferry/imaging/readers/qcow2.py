"""The disk in a qcow2, as its active tables say; its internal snapshots are not looked at."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import chain

from imageferry.imaging.disk import Extent, Packing
from imageferry.imaging.errors import CORRUPT, TRUNCATED
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.inspectors.qcow2_header import (
    COMPRESSED,
    PLACE_MASK,
    VERSION_2,
    ZERO,
    ZSTD,
    read_header,
)
from imageferry.imaging.reader import BoundedReader
from imageferry.imaging.readers.coalesce import coalesce
from imageferry.imaging.readers.runs import runs
from imageferry.imaging.readers.tables import read_pieces, read_tables
from imageferry.imaging.source import ByteSource
from imageferry.imaging.words import big_endian_64

_TABLE = "qcow2 table"
_SECTOR = 512
_SUBCLUSTERS = 32
_ALL_SUBCLUSTERS = (1 << _SUBCLUSTERS) - 1


class Qcow2Reader:
    """A qcow2 that stands for itself."""

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
        self._cluster = self._header.cluster_size
        self.virtual_size = inspection.virtual_size

    def extents(self) -> Iterator[Extent]:
        """The clusters that hold data.

        Raises:
            ImageError: the tables cannot be read, or cannot be right.
        """
        return coalesce(self._extents())

    def _extents(self) -> Iterator[Extent]:
        covered = self._header.bytes_per_l2_table
        clusters = self._subclusters if self._header.extended_l2 else self._clusters
        for index, data in read_tables(self._source, self._tables(), self._cluster, _TABLE):
            start = index * covered
            count = -(-min(covered, self.virtual_size - start) // self._cluster)
            yield from clusters(start, data, count)

    def _tables(self) -> Iterator[tuple[int, int]]:
        """The tables of the second level: their numbers and places."""
        length = self._header.l1_entries_needed * 8
        pieces = read_pieces(self._source, self._header.l1_offset, length, _TABLE)
        entries = chain.from_iterable(map(big_endian_64, pieces))
        for index, entry in enumerate(entries):
            place = entry & PLACE_MASK
            if place % self._cluster:
                raise CORRUPT.error(f"A table of the qcow2 image lies at byte {place}.")
            if place:
                yield index, place

    def _clusters(self, start: int, data: bytes, count: int) -> Iterator[Extent]:
        """What a usual table says of the first ``count`` clusters that it covers."""
        entries = big_endian_64(data)[:count]
        for index, length, entry in runs(entries, self._cluster):
            offset = start + index * self._cluster
            if entry & COMPRESSED:
                for number in range(length):
                    step = number * self._cluster
                    yield self._compressed(offset + step, entry + step)
            elif entry & ZERO:
                self._check_zero(offset)
            elif entry & PLACE_MASK:
                yield self._plain(offset, length * self._cluster, entry & PLACE_MASK)

    def _subclusters(self, start: int, data: bytes, count: int) -> Iterator[Extent]:
        """What an extended table says of the first ``count`` clusters that it covers."""
        words = big_endian_64(data)[: 2 * count]
        entries, bitmaps = words[::2], words[1::2]
        self._check_bitmaps(start, entries, bitmaps)
        for index, length, entry in runs(entries, self._cluster):
            offset = start + index * self._cluster
            of_run = bitmaps[index : index + length]
            if not entry & COMPRESSED and of_run.count(_ALL_SUBCLUSTERS) == length:
                yield self._plain(offset, length * self._cluster, entry & PLACE_MASK)
                continue
            for number, bitmap in enumerate(of_run):
                step = number * self._cluster
                yield from self._subclusters_of(offset + step, entry + step, bitmap)

    def _subclusters_of(self, offset: int, entry: int, bitmap: int) -> Iterator[Extent]:
        """What one cluster's entry and bitmap say."""
        if entry & COMPRESSED:
            yield self._compressed(offset, entry)
            return
        size = self._cluster // _SUBCLUSTERS
        for first, length in _bit_runs(bitmap & _ALL_SUBCLUSTERS):
            start = first * size
            if offset + start < self.virtual_size:
                yield self._plain(offset + start, length * size, (entry & PLACE_MASK) + start)

    def _check_bitmaps(self, start: int, entries: array[int], bitmaps: array[int]) -> None:
        """Refuse subclusters that are both data and zero, or data without a place."""
        for index, (entry, bitmap) in enumerate(zip(entries, bitmaps, strict=True)):
            data = bitmap & _ALL_SUBCLUSTERS
            if entry & COMPRESSED or not data:
                continue
            if data & bitmap >> _SUBCLUSTERS or not entry & PLACE_MASK:
                raise CORRUPT.error(
                    f"The subclusters of the disk's byte {start + index * self._cluster}"
                    f" cannot be {bitmap:#x}."
                )

    def _plain(self, offset: int, length: int, place: int) -> Extent:
        length = min(length, self.virtual_size - offset)
        if (place - offset) % self._cluster:
            raise CORRUPT.error(f"A cluster of the qcow2 image lies at byte {place}.")
        if place + length > self._source.size:
            raise self._outside(place)
        return Extent(offset, length, place, length)

    def _compressed(self, offset: int, entry: int) -> Extent:
        bits = self._header.compressed_place_bits
        place = entry & ((1 << bits) - 1)
        if place >= self._source.size:
            raise self._outside(place)
        sectors = ((entry & (COMPRESSED - 1)) >> bits) + 1
        # Sectors are counted whole: the last one may reach over the image's end.
        stored = min(sectors * _SECTOR - place % _SECTOR, self._source.size - place)
        packing = Packing.ZSTD if self._header.compression_type == ZSTD else Packing.DEFLATE
        length = min(self._cluster, self.virtual_size - offset)
        return Extent(offset, length, place, stored, packing)

    def _check_zero(self, offset: int) -> None:
        if self._header.version == VERSION_2:
            raise CORRUPT.error(
                f"The disk's byte {offset} is marked as zero, which qcow2 version 2 cannot say."
            )

    def _outside(self, place: int) -> Exception:
        return TRUNCATED.error(
            f"The image has {self._source.size} bytes, but keeps data at byte {place}."
        )


def _bit_runs(bits: int) -> Iterator[tuple[int, int]]:
    """The runs of bits that are set: the position of the lowest, and how many they are."""
    position = 0
    while bits:
        clear = (bits & -bits).bit_length() - 1
        bits >>= clear
        count = (~bits & (bits + 1)).bit_length() - 1
        bits >>= count
        yield position + clear, count
        position += clear + count
