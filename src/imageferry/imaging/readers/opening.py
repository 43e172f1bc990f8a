"""The reader for an image, whatever its format."""

from __future__ import annotations

from collections.abc import Callable

from imageferry.imaging.disk import DiskReader
from imageferry.imaging.formats import Format
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.readers.qcow2 import Qcow2Reader
from imageferry.imaging.readers.raw import RawReader
from imageferry.imaging.readers.vdi import VdiReader
from imageferry.imaging.readers.vhd import VhdReader
from imageferry.imaging.readers.vhdx import VhdxReader
from imageferry.imaging.readers.vmdk import VmdkReader
from imageferry.imaging.source import ByteSource

_READERS: dict[Format, Callable[[ByteSource, Inspection], DiskReader]] = {
    Format.RAW: RawReader,
    Format.QCOW2: Qcow2Reader,
    Format.VHD: VhdReader,
    Format.VHDX: VhdxReader,
    Format.VMDK: VmdkReader,
    Format.VDI: VdiReader,
}


def open_reader(source: ByteSource, inspection: Inspection) -> DiskReader:
    """A reader for the disk in an image.

    Args:
        source: The image's bytes.
        inspection: What the inspection has found: only what it accepted may be read.

    Raises:
        ImageError: the image's headers cannot be read, or are not what was inspected.
    """
    return _READERS[inspection.format](source, inspection)
