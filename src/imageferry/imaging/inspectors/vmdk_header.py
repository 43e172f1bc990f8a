"""The header of a VMDK in one sparse file.

Its layout: VMware's "Virtual Disk Format 5.0".
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from imageferry.imaging.errors import CORRUPT, TRUNCATED
from imageferry.imaging.reader import BoundedReader

SECTOR = 512
"""Bytes of a sector, in which a VMDK counts."""

HAS_ZERO_GRAINS = 1 << 2
HAS_COMPRESSED_GRAINS = 1 << 16
HAS_MARKERS = 1 << 17

ZERO_GRAIN = 1
"""The entry of a grain that is zero, where the header says that there are such."""

_HEADER = struct.Struct("<4sIIQQQQIQQQB4sH")
_NEWLINES = b"\n \r\n"
_DIRECTORY_AT_END = 0xFFFFFFFFFFFFFFFF
_FOOTER_DISTANCE = 3 * SECTOR
_MARKER = struct.Struct("<QII")
_FOOTER_MARKER_KIND = 3


@dataclass(frozen=True)
class Header:
    """What a header says, sizes and places in sectors; nothing of it is checked.

    Attributes:
        version: The format's version.
        flags: Bits that tell what the image makes use of.
        capacity: The disk's size.
        grain: The size of a grain.
        descriptor: Where the descriptor lies.
        descriptor_sectors: How long it is.
        table_entries: The number of grains that one grain table covers.
        redundant_directory: Where a copy of the grain directory lies.
        directory: Where the grain directory lies.
        overhead: What stands before the data.
        compression: How grains are compressed.
    """

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
        """Whether the grains are compressed."""
        return bool(self.flags & HAS_COMPRESSED_GRAINS)

    @property
    def has_zero_grains(self) -> bool:
        """Whether an entry of 1 stands for a grain of zeros."""
        return bool(self.flags & HAS_ZERO_GRAINS)

    @property
    def directory_entries(self) -> int:
        """Entries of the grain directory that the capacity needs."""
        return -(-self.capacity // (self.grain * self.table_entries))


def read_header(reader: BoundedReader) -> Header:
    """Parse the header; where it sends to the file's end, the one that stands there.

    Raises:
        ImageError: it is damaged, or the two do not agree.
    """
    header = _parse(reader.read(0, SECTOR, "VMDK header"))
    if header.directory == _DIRECTORY_AT_END:
        return _read_footer(reader, header)
    return header


def _parse(data: bytes) -> Header:
    fields = _HEADER.unpack_from(data)
    if fields[0] != b"KDMV":
        raise CORRUPT.error("The VMDK lacks the mark of its footer.")
    if fields[12] != _NEWLINES:
        raise CORRUPT.error("The VMDK's line ends were changed: it was not copied as binary.")
    return Header(*(*fields[1:11], fields[13]))


def _read_footer(reader: BoundedReader, header: Header) -> Header:
    """The header that stands at the file's end, which must agree with the one at its start."""
    if reader.size < _FOOTER_DISTANCE + SECTOR:
        raise TRUNCATED.error(f"The VMDK has {reader.size} bytes and no footer.")
    data = reader.read(reader.size - _FOOTER_DISTANCE, _FOOTER_DISTANCE, "VMDK footer")
    value, size, kind = _MARKER.unpack_from(data)
    end = _MARKER.unpack_from(data, 2 * SECTOR)
    if size or kind != _FOOTER_MARKER_KIND or any(end):
        raise TRUNCATED.error(f"The VMDK has no footer at byte {reader.size - _FOOTER_DISTANCE}.")
    footer = _parse(data[SECTOR : 2 * SECTOR])
    if value != 1 or replace(footer, directory=_DIRECTORY_AT_END) != header:
        raise CORRUPT.error("The VMDK's header and footer do not agree.")
    return footer
