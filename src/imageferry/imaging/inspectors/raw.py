"""A raw disk: every byte is the guest's."""

from __future__ import annotations

from imageferry.imaging.formats import Format
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.reader import BoundedReader

_SECTOR = 512


def inspect(reader: BoundedReader) -> Inspection:
    """Accept any bytes. The virtual size is rounded up to a sector, as qemu does."""
    return Inspection(Format.RAW, "flat", -(-reader.size // _SECTOR) * _SECTOR)
