"""VMDK, monolithicSparse and streamOptimized. Its layout: VMware's "Virtual Disk Format 5.0"."""

from __future__ import annotations

import struct
import sys
from array import array
from dataclasses import dataclass, replace

from imageferry.imaging.errors import CORRUPT, FORMAT_UNSUPPORTED, TRUNCATED
from imageferry.imaging.formats import Format
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.inspectors.extents import TABLE_BYTES, check_extents
from imageferry.imaging.inspectors.vmdk_descriptor import check_descriptor
from imageferry.imaging.reader import BoundedReader

_SECTOR = 512
_HEADER = struct.Struct("<4sIIQQQQIQQQB4sH")
_NEWLINES = b"\n \r\n"
_TABLE_AT_END = 0xFFFFFFFFFFFFFFFF
_FOOTER_DISTANCE = 3 * _SECTOR
_MARKER = struct.Struct("<QII")
_FOOTER_MARKER_KIND = 3
_MAX_VERSION = 3

_HAS_COMPRESSED_GRAINS = 1 << 16
_HAS_MARKERS = 1 << 17
_HAS_ZERO_GRAINS = 1 << 2
_DEFLATE = 1
_ZERO_GRAIN = 1

_GRAIN_TABLE_ENTRIES = 512
_SMALLEST_GRAIN = 8
_LARGEST_GRAIN = 2048
_DESCRIPTOR_SECTOR = 1
_MAX_DESCRIPTOR_SECTORS = 2048
_DESCRIPTOR_SECTORS_QEMU_READS = 20
_MAX_DIRECTORY_ENTRIES = 2**22
"""qemu holds the whole directory in memory; this is enough for 128 TiB in usual grains."""


@dataclass(frozen=True)
class _Header:
    version: int
    flags: int
    capacity: int
    grain: int
    descriptor: int
    descriptor_sectors: int
    table_entries: int
    redundant_directory: int
    directory: int
    overhead: int
    compression: int

    @property
    def compressed(self) -> bool:
        return bool(self.flags & _HAS_COMPRESSED_GRAINS)

    @property
    def directory_entries(self) -> int:
        return -(-self.capacity // (self.grain * self.table_entries))


def inspect(reader: BoundedReader) -> Inspection:
    """Accept a single-file disk whose descriptor names nothing but itself.

    Raises:
        ImageError: the image is refused.
    """
    header = _parse_header(reader.read(0, _SECTOR, "VMDK header"))
    if header.directory == _TABLE_AT_END:
        header = _read_footer(reader, header)
    _check_header(header)
    subformat = check_descriptor(_read_descriptor(reader, header))
    if (subformat == "streamOptimized") != header.compressed:
        raise CORRUPT.error(f"The VMDK's descriptor says {subformat}, its header does not.")
    return Inspection(
        Format.VMDK,
        subformat,
        header.capacity * _SECTOR,
        complete=_check_tables(reader, header),
        compressed=header.compressed,
    )


def _parse_header(data: bytes) -> _Header:
    fields = _HEADER.unpack_from(data)
    if fields[0] != b"KDMV":
        raise CORRUPT.error("The VMDK lacks the mark of its footer.")
    if fields[12] != _NEWLINES:
        raise CORRUPT.error("The VMDK's line ends were changed: it was not copied as binary.")
    return _Header(*(*fields[1:11], fields[13]))


def _read_footer(reader: BoundedReader, header: _Header) -> _Header:
    """The header that stands at the file's end, which must agree with the one at its start."""
    if reader.size < _FOOTER_DISTANCE + _SECTOR:
        raise TRUNCATED.error(f"The VMDK has {reader.size} bytes and no footer.")
    data = reader.read(reader.size - _FOOTER_DISTANCE, _FOOTER_DISTANCE, "VMDK footer")
    value, size, kind = _MARKER.unpack_from(data)
    end = _MARKER.unpack_from(data, 2 * _SECTOR)
    if size or kind != _FOOTER_MARKER_KIND or any(end):
        raise TRUNCATED.error(f"The VMDK has no footer at byte {reader.size - _FOOTER_DISTANCE}.")
    footer = _parse_header(data[_SECTOR : 2 * _SECTOR])
    if value != 1 or replace(footer, directory=_TABLE_AT_END) != header:
        raise CORRUPT.error("The VMDK's header and footer do not agree.")
    return footer


def _check_header(header: _Header) -> None:
    if not 1 <= header.version <= _MAX_VERSION:
        raise FORMAT_UNSUPPORTED.error(f"The VMDK is version {header.version}.")
    if header.compressed and header.compression != _DEFLATE:
        raise FORMAT_UNSUPPORTED.error(f"The VMDK's compression is {header.compression}.")
    if header.compressed != bool(header.flags & _HAS_MARKERS):
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


def _read_descriptor(reader: BoundedReader, header: _Header) -> bytes:
    """The descriptor's text to its first NUL: all that qemu could take for a part of it."""
    sectors = max(header.descriptor_sectors, _DESCRIPTOR_SECTORS_QEMU_READS)
    length = min(sectors * _SECTOR, reader.size - _SECTOR)
    return reader.read(_SECTOR, length, "VMDK descriptor").split(b"\0", 1)[0]


def _check_tables(reader: BoundedReader, header: _Header) -> bool:
    """Look at the tables; tell whether all of them were read."""
    wanted = header.directory_entries * 4
    readable = min(wanted, TABLE_BYTES // 2)
    directory = _words(reader.read(header.directory * _SECTOR, readable, "VMDK directory"))
    table_size = header.table_entries * 4
    tables = [entry * _SECTOR for entry in directory if entry]
    check_extents(tables, table_size, reader.size)
    budget = (TABLE_BYTES - readable) // table_size
    grains: list[int] = []
    smallest = _ZERO_GRAIN + 1 if header.flags & _HAS_ZERO_GRAINS else 1
    for offset in tables[:budget]:
        entries = _words(reader.read(offset, table_size, "VMDK table"))
        grains.extend(entry * _SECTOR for entry in entries if entry >= smallest)
    length = 1 if header.compressed else header.grain * _SECTOR
    check_extents(grains, length, reader.size, last_may_be_short=True)
    return readable == wanted and len(tables) <= budget


def _words(data: bytes) -> array[int]:
    words = array("I", data)
    if sys.byteorder == "big":
        words.byteswap()
    return words
