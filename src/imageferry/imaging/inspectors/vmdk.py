"""VMDK, monolithicSparse and streamOptimized. Its layout: VMware's "Virtual Disk Format 5.0"."""

from __future__ import annotations

from imageferry.imaging.errors import CORRUPT, FORMAT_UNSUPPORTED
from imageferry.imaging.formats import Format
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.inspectors.extents import TABLE_BYTES, check_extents
from imageferry.imaging.inspectors.vmdk_descriptor import check_descriptor
from imageferry.imaging.inspectors.vmdk_header import (
    HAS_MARKERS,
    SECTOR,
    ZERO_GRAIN,
    Header,
    read_header,
)
from imageferry.imaging.reader import BoundedReader
from imageferry.imaging.words import little_endian_32

_MAX_VERSION = 3
_DEFLATE = 1

_GRAIN_TABLE_ENTRIES = 512
_SMALLEST_GRAIN = 8
_LARGEST_GRAIN = 2048
_DESCRIPTOR_SECTOR = 1
_MAX_DESCRIPTOR_SECTORS = 2048
_DESCRIPTOR_SECTORS_QEMU_READS = 20
_MAX_DIRECTORY_ENTRIES = 2**22
"""qemu holds the whole directory in memory; this is enough for 128 TiB in usual grains."""


def inspect(reader: BoundedReader) -> Inspection:
    """Accept a single-file disk whose descriptor names nothing but itself.

    Raises:
        ImageError: the image is refused.
    """
    header = read_header(reader)
    _check_header(header)
    subformat = check_descriptor(_read_descriptor(reader, header))
    if (subformat == "streamOptimized") != header.compressed:
        raise CORRUPT.error(f"The VMDK's descriptor says {subformat}, its header does not.")
    return Inspection(
        Format.VMDK,
        subformat,
        header.capacity * SECTOR,
        complete=_check_tables(reader, header),
        compressed=header.compressed,
    )


def _check_header(header: Header) -> None:
    if not 1 <= header.version <= _MAX_VERSION:
        raise FORMAT_UNSUPPORTED.error(f"The VMDK is version {header.version}.")
    if header.compressed and header.compression != _DEFLATE:
        raise FORMAT_UNSUPPORTED.error(f"The VMDK's compression is {header.compression}.")
    if header.compressed != bool(header.flags & HAS_MARKERS):
        raise FORMAT_UNSUPPORTED.error(f"The VMDK's flags are {header.flags:#x}.")
    if header.grain.bit_count() != 1 or not _SMALLEST_GRAIN <= header.grain <= _LARGEST_GRAIN:
        raise CORRUPT.error(f"The VMDK has grains of {header.grain} sectors.")
    if not 0 < header.table_entries <= _GRAIN_TABLE_ENTRIES:
        raise CORRUPT.error(f"The VMDK's tables have {header.table_entries} entries.")
    if not 0 < header.directory_entries <= _MAX_DIRECTORY_ENTRIES:
        raise CORRUPT.error(f"The VMDK's capacity is {header.capacity} sectors.")
    if header.descriptor != _DESCRIPTOR_SECTOR:
        raise CORRUPT.error(f"The VMDK's descriptor is at sector {header.descriptor}, not 1.")
    if not 0 < header.descriptor_sectors <= _MAX_DESCRIPTOR_SECTORS:
        raise CORRUPT.error(f"The VMDK's descriptor has {header.descriptor_sectors} sectors.")


def _read_descriptor(reader: BoundedReader, header: Header) -> bytes:
    """The descriptor's text to its first NUL: all that qemu could take for a part of it."""
    sectors = max(header.descriptor_sectors, _DESCRIPTOR_SECTORS_QEMU_READS)
    length = min(sectors * SECTOR, reader.size - SECTOR)
    return reader.read(SECTOR, length, "VMDK descriptor").split(b"\0", 1)[0]


def _check_tables(reader: BoundedReader, header: Header) -> bool:
    """Look at the tables; tell whether all of them were read."""
    wanted = header.directory_entries * 4
    readable = min(wanted, TABLE_BYTES // 2)
    directory = little_endian_32(reader.read(header.directory * SECTOR, readable, "VMDK directory"))
    table_size = header.table_entries * 4
    tables = [entry * SECTOR for entry in directory if entry]
    check_extents(tables, table_size, reader.size)
    budget = (TABLE_BYTES - readable) // table_size
    grains: list[int] = []
    smallest = ZERO_GRAIN + 1 if header.has_zero_grains else 1
    for table in reader.read_all(tables[:budget], table_size, "VMDK table"):
        entries = little_endian_32(table)
        grains.extend(entry * SECTOR for entry in entries if entry >= smallest)
    length = 1 if header.compressed else header.grain * SECTOR
    check_extents(grains, length, reader.size, last_may_be_short=True)
    return readable == wanted and len(tables) <= budget
