"""qcow2, version 2 and 3. Its layout: ``docs/interop/qcow2.txt`` in QEMU's sources."""

from __future__ import annotations

import struct

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
from imageferry.imaging.inspectors.qcow2_header import (
    COMPRESSED,
    DIRTY,
    EXTENDED_L2,
    EXTERNAL_DATA_FILE,
    HAS_COMPRESSION_TYPE,
    LARGEST_CLUSTER_BITS,
    MARKED_CORRUPT,
    PLACE_MASK,
    SMALLEST_CLUSTER_BITS,
    ZLIB,
    ZSTD,
    Header,
    read_header,
)
from imageferry.imaging.reader import BoundedReader
from imageferry.imaging.words import big_endian_64

_EXTENSION = struct.Struct(">II")
_EXTENSIONS_END = 0
_EXTENSION_ENCRYPTION = 0x0537BE77
_EXTENSION_DATA_FILE = 0x44415441
_MAX_EXTENSIONS = 64

_KNOWN_FEATURES = HAS_COMPRESSION_TYPE | EXTENDED_L2
_SMALLEST_EXTENDED_CLUSTER_BITS = 14
_MAX_L1_BYTES = 32 * 1024 * 1024


def inspect(reader: BoundedReader) -> Inspection:
    """Accept a clean image that stands for itself and whose clusters are its own.

    Raises:
        ImageError: the image is refused.
    """
    header = read_header(reader)
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


def _check_features(header: Header) -> None:
    if header.backing_offset:
        raise BACKING_FILE.error("The qcow2 image has a backing file.")
    if header.features & EXTERNAL_DATA_FILE:
        raise EXTERNAL_DATA.error("The qcow2 image has an external data file.")
    if header.encryption:
        raise ENCRYPTED.error(f"The qcow2 image is encrypted (method {header.encryption}).")
    if header.features & DIRTY:
        raise NOT_CLEAN.error("The qcow2 image is marked dirty.")
    if header.features & MARKED_CORRUPT:
        raise CORRUPT.error("The qcow2 image is marked corrupt.")
    unknown = header.features & ~_KNOWN_FEATURES
    if unknown:
        raise FORMAT_UNSUPPORTED.error(f"The qcow2 image needs unknown features ({unknown:#x}).")
    if header.compression_type not in (ZLIB, ZSTD):
        raise FORMAT_UNSUPPORTED.error(
            f"The qcow2 image's type of compression is {header.compression_type}."
        )
    if bool(header.features & HAS_COMPRESSION_TYPE) != (header.compression_type != ZLIB):
        raise CORRUPT.error(
            f"The qcow2 image's type of compression is {header.compression_type}, but its"
            f" features are {header.features:#x}."
        )


def _check_geometry(header: Header) -> None:
    extended = header.extended_l2
    smallest = _SMALLEST_EXTENDED_CLUSTER_BITS if extended else SMALLEST_CLUSTER_BITS
    if not smallest <= header.cluster_bits <= LARGEST_CLUSTER_BITS:
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


def _check_extensions(reader: BoundedReader, header: Header) -> None:
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


def _check_tables(reader: BoundedReader, header: Header) -> tuple[bool, bool]:
    """Look at the tables; tell whether all were read, and whether a cluster is compressed."""
    wanted = header.l1_entries_needed * 8
    readable = min(wanted, TABLE_BYTES // 2)
    l1 = big_endian_64(reader.read(header.l1_offset, readable, "qcow2 table"))
    tables = [entry & PLACE_MASK for entry in l1 if entry & PLACE_MASK]
    check_extents(tables, header.cluster_size, reader.size)
    budget = (TABLE_BYTES - readable) // header.cluster_size
    plain: list[int] = []
    packed: list[int] = []
    for offset in tables[:budget]:
        if offset % header.cluster_size:
            raise CORRUPT.error(f"A table of the qcow2 image lies at byte {offset}.")
    for table in reader.read_all(tables[:budget], header.cluster_size, "qcow2 table"):
        _collect_clusters(header, table, plain, packed)
    for offset in plain:
        if offset % header.cluster_size:
            raise CORRUPT.error(f"A cluster of the qcow2 image lies at byte {offset}.")
    check_extents(plain, header.cluster_size, reader.size, last_may_be_short=True)
    check_extents(packed, 1, reader.size)
    return readable == wanted and len(tables) <= budget, bool(packed)


def _collect_clusters(header: Header, table: bytes, plain: list[int], packed: list[int]) -> None:
    entries = big_endian_64(table)
    if header.extended_l2:
        entries = entries[::2]
    packed_mask = (1 << header.compressed_place_bits) - 1
    packed.extend(entry & packed_mask for entry in entries if entry & COMPRESSED)
    plain.extend(
        entry & PLACE_MASK for entry in entries if entry & PLACE_MASK and not entry & COMPRESSED
    )
