"""qcow2, version 2 and 3. Its layout: ``docs/interop/qcow2.txt`` in QEMU's sources."""

from __future__ import annotations

import struct
import sys
from array import array
from dataclasses import dataclass

from imageferry.imaging.errors import (
    BACKING_FILE,
    CORRUPT,
    ENCRYPTED,
    EXTERNAL_DATA,
    FORMAT_UNSUPPORTED,
    NOT_CLEAN,
)
from imageferry.imaging.formats import Format
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.inspectors.extents import TABLE_BYTES, check_extents
from imageferry.imaging.reader import BoundedReader

_HEADER = struct.Struct(">4sIQIIQIIQQIIQ")
_FEATURES = struct.Struct(">QQQII")
_EXTENSION = struct.Struct(">II")

_VERSION_2 = 2
_VERSION_3 = 3

_DIRTY = 1 << 0
_CORRUPT = 1 << 1
_EXTERNAL_DATA = 1 << 2
_COMPRESSION_TYPE = 1 << 3
_EXTENDED_L2 = 1 << 4
_KNOWN_FEATURES = _COMPRESSION_TYPE | _EXTENDED_L2

_EXTENSIONS_END = 0
_EXTENSION_ENCRYPTION = 0x0537BE77
_EXTENSION_DATA_FILE = 0x44415441
_MAX_EXTENSIONS = 64

_OFFSET_MASK = 0x00FFFFFFFFFFFE00
_COMPRESSED = 1 << 62
_SMALLEST_CLUSTER_BITS = 9
_LARGEST_CLUSTER_BITS = 21
_SMALLEST_EXTENDED_CLUSTER_BITS = 14
_MAX_L1_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True)
class _Header:
    version: int
    backing_offset: int
    cluster_bits: int
    size: int
    encryption: int
    l1_entries: int
    l1_offset: int
    features: int
    length: int

    @property
    def cluster_size(self) -> int:
        return 1 << self.cluster_bits

    @property
    def l2_entry_size(self) -> int:
        return 16 if self.features & _EXTENDED_L2 else 8

    @property
    def bytes_per_l2_table(self) -> int:
        """Bytes of the disk that one table of the second level covers."""
        return self.cluster_size // self.l2_entry_size * self.cluster_size

    @property
    def l1_entries_needed(self) -> int:
        return -(-self.size // self.bytes_per_l2_table)


def inspect(reader: BoundedReader) -> Inspection:
    """Accept a clean image that stands for itself and whose clusters are its own.

    Raises:
        ImageError: the image is refused.
    """
    header = _read_header(reader)
    _check_features(header)
    _check_geometry(header)
    _check_extensions(reader, header)
    complete, compressed = _check_tables(reader, header)
    return Inspection(
        Format.QCOW2,
        f"version {header.version}",
        header.size,
        complete=complete,
        compressed=compressed,
    )


def _read_header(reader: BoundedReader) -> _Header:
    fields = _HEADER.unpack(reader.read(0, _HEADER.size, "qcow2 header"))
    version = fields[1]
    features, length = 0, _HEADER.size
    if version not in (_VERSION_2, _VERSION_3):
        raise FORMAT_UNSUPPORTED.error(f"The image is qcow2 version {version}.")
    if version == _VERSION_3:
        extra = reader.read(_HEADER.size, _FEATURES.size, "qcow2 header")
        features, _, _, _, length = _FEATURES.unpack(extra)
        if not _HEADER.size + _FEATURES.size <= length <= 1 << _LARGEST_CLUSTER_BITS:
            raise CORRUPT.error(f"The qcow2 header says that it has {length} bytes.")
    _, _, backing_offset, _, cluster_bits, size, encryption, l1_entries, l1_offset = fields[:9]
    return _Header(
        version,
        backing_offset,
        cluster_bits,
        size,
        encryption,
        l1_entries,
        l1_offset,
        features,
        length,
    )


def _check_features(header: _Header) -> None:
    if header.backing_offset:
        raise BACKING_FILE.error("The qcow2 image has a backing file.")
    if header.features & _EXTERNAL_DATA:
        raise EXTERNAL_DATA.error("The qcow2 image has an external data file.")
    if header.encryption:
        raise ENCRYPTED.error(f"The qcow2 image is encrypted (method {header.encryption}).")
    if header.features & _DIRTY:
        raise NOT_CLEAN.error("The qcow2 image is marked dirty.")
    if header.features & _CORRUPT:
        raise CORRUPT.error("The qcow2 image is marked corrupt.")
    unknown = header.features & ~_KNOWN_FEATURES
    if unknown:
        raise FORMAT_UNSUPPORTED.error(f"The qcow2 image needs unknown features ({unknown:#x}).")


def _check_geometry(header: _Header) -> None:
    extended = bool(header.features & _EXTENDED_L2)
    smallest = _SMALLEST_EXTENDED_CLUSTER_BITS if extended else _SMALLEST_CLUSTER_BITS
    if not smallest <= header.cluster_bits <= _LARGEST_CLUSTER_BITS:
        raise CORRUPT.error(f"The qcow2 image has clusters of 2^{header.cluster_bits} bytes.")
    if header.size % 512:
        raise CORRUPT.error(f"The qcow2 image's size of {header.size} bytes is no whole sector.")
    if not header.l1_entries_needed <= header.l1_entries <= _MAX_L1_BYTES // 8:
        raise CORRUPT.error(
            f"The qcow2 image's table has {header.l1_entries} entries"
            f" where its size of {header.size} bytes needs {header.l1_entries_needed}."
        )
    if header.l1_offset % header.cluster_size:
        raise CORRUPT.error(f"The qcow2 image's table lies at byte {header.l1_offset}.")


def _check_extensions(reader: BoundedReader, header: _Header) -> None:
    offset = header.length
    for _ in range(_MAX_EXTENSIONS):
        if offset + _EXTENSION.size > header.cluster_size:
            return
        kind, length = _EXTENSION.unpack(reader.read(offset, _EXTENSION.size, "qcow2 extension"))
        if kind == _EXTENSIONS_END:
            return
        if kind == _EXTENSION_DATA_FILE:
            raise EXTERNAL_DATA.error("The qcow2 image names an external data file.")
        if kind == _EXTENSION_ENCRYPTION:
            raise ENCRYPTED.error("The qcow2 image has an encryption header.")
        offset += _EXTENSION.size + -(-length // 8) * 8
    raise CORRUPT.error(f"The qcow2 header has more than {_MAX_EXTENSIONS} extensions.")


def _check_tables(reader: BoundedReader, header: _Header) -> tuple[bool, bool]:
    """Look at the tables; tell whether all were read, and whether a cluster is compressed."""
    wanted = header.l1_entries_needed * 8
    readable = min(wanted, TABLE_BYTES // 2)
    l1 = _words(reader.read(header.l1_offset, readable, "qcow2 table"))
    tables = [entry & _OFFSET_MASK for entry in l1 if entry & _OFFSET_MASK]
    check_extents(tables, header.cluster_size, reader.size)
    budget = (TABLE_BYTES - readable) // header.cluster_size
    plain: list[int] = []
    packed: list[int] = []
    for offset in tables[:budget]:
        _collect_clusters(reader, header, offset, plain, packed)
    for offset in plain:
        if offset % header.cluster_size:
            raise CORRUPT.error(f"A cluster of the qcow2 image lies at byte {offset}.")
    check_extents(plain, header.cluster_size, reader.size, last_may_be_short=True)
    check_extents(packed, 1, reader.size)
    return readable == wanted and len(tables) <= budget, bool(packed)


def _collect_clusters(
    reader: BoundedReader, header: _Header, offset: int, plain: list[int], packed: list[int]
) -> None:
    if offset % header.cluster_size:
        raise CORRUPT.error(f"A table of the qcow2 image lies at byte {offset}.")
    entries = _words(reader.read(offset, header.cluster_size, "qcow2 table"))
    if header.features & _EXTENDED_L2:
        entries = entries[::2]
    packed_mask = (1 << (62 - (header.cluster_bits - 8))) - 1
    packed.extend(entry & packed_mask for entry in entries if entry & _COMPRESSED)
    plain.extend(
        entry & _OFFSET_MASK
        for entry in entries
        if entry & _OFFSET_MASK and not entry & _COMPRESSED
    )


def _words(data: bytes) -> array[int]:
    words = array("Q", data)
    if sys.byteorder == "little":
        words.byteswap()
    return words
