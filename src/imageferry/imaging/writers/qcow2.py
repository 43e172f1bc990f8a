"""qcow2, written from its second cluster to its end, and its header last.

The clusters stand in the order of the disk, each table of the second level behind the data
that it maps, so memory does not grow with the disk and a reader goes through the file once.
Zero clusters are left out. Layout: docs/interop/qcow2.rst of the QEMU source tree.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

import msgspec
import zstandard
from isal import isal_zlib

from imageferry.imaging.disk import Output
from imageferry.imaging.writers.tables import big_endian
from imageferry.imaging.zeros import GRANULE, data_runs

CLUSTER_SIZE = GRANULE

_CLUSTER_BITS = 16
_ENTRIES = CLUSTER_SIZE // 8
_REFCOUNTS_IN_BLOCK = CLUSTER_SIZE // 2
_COPIED = 1 << 63
_COMPRESSED = 1 << 62
_SECTORS_SHIFT = 62 - (_CLUSTER_BITS - 8)
_SECTOR_BITS = 9
_HEADER = struct.Struct(">4sIQIIQIIQQIIQQQQII")
_HEADER_LENGTH = 112
_COMPRESSION_TYPE_FEATURE = 1 << 3
_DEFLATE_WINDOW_BITS = -12
_DEFLATE_LEVEL = 1
_ZSTD_LEVEL = 1

Buffer = bytes | bytearray | memoryview
_Compress = Callable[[bytes], bytes]


class Compression(Enum):
    """How the clusters of a qcow2 are compressed; the value is its word for qemu-img."""

    ZLIB = "zlib"
    ZSTD = "zstd"


@dataclass(frozen=True)
class _Run:
    """Clusters that follow one another on the disk and in the image.

    Attributes:
        cluster: The number of the first on the disk.
        count: How many they are; one if they are compressed.
        data: What the image keeps of them.
        compressed: Whether ``data`` is compressed.
    """

    cluster: int
    count: int
    data: Buffer
    compressed: bool


class _State(msgspec.Struct, frozen=True):
    """What a writer knows: the image's end, and the tables that it has not written."""

    end: int
    directory: bytes
    table: bytes
    refcount_table: bytes
    refcounts: bytes


_NEW = _State(CLUSTER_SIZE, b"", b"", b"", array("H", [1]).tobytes())


class Qcow2Writer:
    """Writes a qcow2 image.

    Args:
        output: Where to.
        compression: How to compress its clusters, if at all.
        state: The state of the writer to go on for; empty for a new image.
    """

    def __init__(
        self, output: Output, compression: Compression | None = None, state: bytes = b""
    ) -> None:
        begun = msgspec.msgpack.decode(state, type=_State) if state else _NEW
        self._output = output
        self._compression = compression
        self._end = begun.end
        self._directory = array("Q", begun.directory)
        self._table = array("Q", begun.table)
        self._refcount_table = array("Q", begun.refcount_table)
        self._refcounts = array("H", begun.refcounts)

    @property
    def end(self) -> int:
        """How far the image is written, in bytes, but for its header."""
        return self._end

    def state(self) -> bytes:
        """What another one has to know to go on behind the last block that was appended."""
        state = _State(
            self._end,
            self._directory.tobytes(),
            self._table.tobytes(),
            self._refcount_table.tobytes(),
            self._refcounts.tobytes(),
        )
        return msgspec.msgpack.encode(state)

    def pack(self, offset: int, data: Buffer) -> list[_Run]:
        """Leave the zero clusters of a block out, and compress the others if wanted."""
        runs = _data_runs(offset // CLUSTER_SIZE, memoryview(data))
        if self._compression is None:
            return list(runs)
        compress = _COMPRESS[self._compression]
        return [packed for run in runs for packed in _compressed(run, compress)]

    def append(self, packed: list[_Run]) -> None:
        """Write the clusters of a block, and the tables of those before it that are full."""
        for run in packed:
            self._turn_to(run.cluster // _ENTRIES)
            place = self._put(run)
            first = run.cluster % _ENTRIES
            for number in range(run.count):
                self._table[first + number] = self._entry(run, place + number * CLUSTER_SIZE)
        self._put_full_refcounts()

    def finish(self, virtual_size: int) -> int:
        """Write the tables that are left and the header.

        Args:
            virtual_size: A multiple of 512.
        """
        tables = -(-virtual_size // (CLUSTER_SIZE * _ENTRIES))
        self._turn_to(tables)
        directory = self._put_clusters(big_endian(self._directory))
        refcount_table, clusters = self._put_refcounts()
        self._output.write(0, self._header(virtual_size, directory, refcount_table, clusters))
        return self._end

    def _turn_to(self, table: int) -> None:
        """Be at the table of that number: write the one before, and note that others lack."""
        while len(self._directory) < table:
            place = 0
            if any(self._table):
                place = self._put_clusters(big_endian(self._table)) | _COPIED
            self._directory.append(place)
            self._table = array("Q")
        if not self._table:
            self._table = array("Q", bytes(CLUSTER_SIZE))

    def _put(self, run: _Run) -> int:
        if not run.compressed:
            return self._put_clusters(run.data)
        place = self._end
        self._output.write(place, run.data)
        self._end += len(run.data)
        self._refer(place, run.data)
        return place

    def _put_clusters(self, data: Buffer) -> int:
        """Append data at the beginning of a cluster, and its place."""
        place = -(-self._end // CLUSTER_SIZE) * CLUSTER_SIZE
        self._output.write(place, data)
        count = -(-len(data) // CLUSTER_SIZE)
        self._end = place + count * CLUSTER_SIZE
        self._refcounts.extend([1] * count)
        return place

    def _refer(self, place: int, data: Buffer) -> None:
        """Count a compressed cluster for each cluster of the image in which it lies."""
        first = place // CLUSTER_SIZE - self._counted
        last = (place + len(data) - 1) // CLUSTER_SIZE - self._counted
        self._refcounts.extend([0] * (last + 1 - len(self._refcounts)))
        for cluster in range(first, last + 1):
            self._refcounts[cluster] += 1

    @staticmethod
    def _entry(run: _Run, place: int) -> int:
        if not run.compressed:
            return place | _COPIED
        last_sector = (place + len(run.data) - 1) >> _SECTOR_BITS
        sectors = last_sector - (place >> _SECTOR_BITS)
        return _COMPRESSED | sectors << _SECTORS_SHIFT | place

    @property
    def _counted(self) -> int:
        """The clusters at the beginning whose refcounts are written."""
        return len(self._refcount_table) * _REFCOUNTS_IN_BLOCK

    def _put_full_refcounts(self) -> None:
        """Write the refcounts of a block's clusters when none of them is referred to any more."""
        if self._end // CLUSTER_SIZE - self._counted >= _REFCOUNTS_IN_BLOCK:
            block = self._refcounts[:_REFCOUNTS_IN_BLOCK]
            del self._refcounts[:_REFCOUNTS_IN_BLOCK]
            self._refcount_table.append(self._put_clusters(big_endian(block)))

    def _put_refcounts(self) -> tuple[int, int]:
        """Write the refcounts, those of their own clusters included: place and size of the table.

        The size is in clusters.
        """
        used = -(-self._end // CLUSTER_SIZE) - self._counted
        written = len(self._refcount_table)
        blocks = table = 0
        while (wanted := -(-(used + blocks + table) // _REFCOUNTS_IN_BLOCK)) > blocks:
            blocks, table = wanted, -(-(written + wanted) // _ENTRIES)
        counts = self._refcounts
        counts.extend([1] * (used + blocks + table - len(counts)))
        place = self._put_clusters(big_endian(counts) + bytes(-len(counts) * 2 % CLUSTER_SIZE))
        self._refcount_table.extend(place + number * CLUSTER_SIZE for number in range(blocks))
        return self._put_clusters(big_endian(self._refcount_table)), table

    def _header(
        self, virtual_size: int, directory: int, refcount_table: int, clusters: int
    ) -> bytes:
        zstd = self._compression is Compression.ZSTD
        fields = _HEADER.pack(
            b"QFI\xfb",
            3,  # version
            0,  # backing file: place
            0,  # backing file: length
            _CLUSTER_BITS,
            virtual_size,
            0,  # encryption
            len(self._directory),
            directory,
            refcount_table,
            clusters,
            0,  # snapshots: number
            0,  # snapshots: place
            _COMPRESSION_TYPE_FEATURE if zstd else 0,  # incompatible features
            0,  # compatible features
            0,  # autoclear features
            4,  # refcounts of 2 to the power of 4 bits
            _HEADER_LENGTH,
        )
        # The type of compression, padding, and the end of the header's extensions.
        return fields + bytes([zstd]) + bytes(15)


def _data_runs(cluster: int, data: memoryview) -> Iterator[_Run]:
    """The runs of clusters that are not zero. The last cluster of a disk may be shorter."""
    for start, end in data_runs(data):
        count = -(-(end - start) // CLUSTER_SIZE)
        yield _Run(cluster + start // CLUSTER_SIZE, count, data[start:end], compressed=False)


def _compressed(run: _Run, compress: _Compress) -> Iterator[_Run]:
    """The clusters of a run one by one, compressed if that makes them smaller."""
    for number in range(run.count):
        plain = bytes(run.data[number * CLUSTER_SIZE : (number + 1) * CLUSTER_SIZE])
        plain += bytes(CLUSTER_SIZE - len(plain))
        data = compress(plain)
        if len(data) < CLUSTER_SIZE:
            yield _Run(run.cluster + number, 1, data, compressed=True)
        else:
            yield _Run(run.cluster + number, 1, plain, compressed=False)


def _deflate(data: bytes) -> bytes:
    packer = isal_zlib.compressobj(_DEFLATE_LEVEL, isal_zlib.DEFLATED, _DEFLATE_WINDOW_BITS)
    return packer.compress(data) + packer.flush()


def _zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(_ZSTD_LEVEL).compress(data)


_COMPRESS: dict[Compression, _Compress] = {Compression.ZLIB: _deflate, Compression.ZSTD: _zstd}
