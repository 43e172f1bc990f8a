"""The header of a qcow2, version 2 and 3, and the bits of its tables' entries.

Its layout: ``docs/interop/qcow2.txt`` in QEMU's sources.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from imageferry.imaging.errors import CORRUPT, FORMAT_UNSUPPORTED
from imageferry.imaging.reader import BoundedReader

VERSION_2 = 2
VERSION_3 = 3

DIRTY = 1 << 0
MARKED_CORRUPT = 1 << 1
EXTERNAL_DATA_FILE = 1 << 2
HAS_COMPRESSION_TYPE = 1 << 3
EXTENDED_L2 = 1 << 4

ZLIB = 0
ZSTD = 1

PLACE_MASK = 0x00FFFFFFFFFFFE00
"""The place of a table, or of a plain cluster, in an entry."""
COMPRESSED = 1 << 62
ZERO = 1 << 0

SMALLEST_CLUSTER_BITS = 9
LARGEST_CLUSTER_BITS = 21

_HEADER = struct.Struct(">4sIQIIQIIQQIIQ")
_FEATURES = struct.Struct(">QQQII")
_SHORTEST_VERSION_3 = _HEADER.size + _FEATURES.size


@dataclass(frozen=True)
class Header:
    """What a header says, sizes and places in bytes; nothing of it is checked.

    Attributes:
        version: 2 or 3.
        backing_offset: Where the backing file's name stands; 0 for none.
        cluster_bits: The cluster size as a power of two.
        size: The disk's size.
        encryption: The method of encryption; 0 for none.
        l1_entries: The number of entries of the table of the first level.
        l1_offset: Where that table lies.
        features: The bits of what a reader must know of; none in version 2.
        length: The header's own length.
        compression_type: How clusters are compressed.
    """

    version: int
    backing_offset: int
    cluster_bits: int
    size: int
    encryption: int
    l1_entries: int
    l1_offset: int
    features: int
    length: int
    compression_type: int

    @property
    def cluster_size(self) -> int:
        """Bytes of a cluster."""
        return 1 << self.cluster_bits

    @property
    def extended_l2(self) -> bool:
        """Whether clusters are made of 32 subclusters with bits of their own."""
        return bool(self.features & EXTENDED_L2)

    @property
    def bytes_per_l2_table(self) -> int:
        """Bytes of the disk that one table of the second level covers."""
        return self.cluster_size // (16 if self.extended_l2 else 8) * self.cluster_size

    @property
    def l1_entries_needed(self) -> int:
        """Entries of the first level that the disk's size needs."""
        return -(-self.size // self.bytes_per_l2_table)

    @property
    def compressed_place_bits(self) -> int:
        """Low bits of a compressed cluster's entry that tell its place; sectors stand above."""
        return 62 - (self.cluster_bits - 8)


def read_header(reader: BoundedReader) -> Header:
    """Parse the header.

    Raises:
        ImageError: it is not of a version that is known, or not whole.
    """
    fields = _HEADER.unpack(reader.read(0, _HEADER.size, "qcow2 header"))
    version = fields[1]
    features, length, compression_type = 0, _HEADER.size, ZLIB
    if version not in (VERSION_2, VERSION_3):
        raise FORMAT_UNSUPPORTED.error(f"The image is qcow2 version {version}.")
    if version == VERSION_3:
        extra = reader.read(_HEADER.size, _FEATURES.size, "qcow2 header")
        features, _, _, _, length = _FEATURES.unpack(extra)
        if not _SHORTEST_VERSION_3 <= length <= 1 << LARGEST_CLUSTER_BITS:
            raise CORRUPT.error(f"The qcow2 header says that it has {length} bytes.")
        if length > _SHORTEST_VERSION_3:
            compression_type = reader.read(_SHORTEST_VERSION_3, 1, "qcow2 header")[0]
    _, _, backing_offset, _, cluster_bits, size, encryption, l1_entries, l1_offset = fields[:9]
    return Header(
        version,
        backing_offset,
        cluster_bits,
        size,
        encryption,
        l1_entries,
        l1_offset,
        features,
        length,
        compression_type,
    )
