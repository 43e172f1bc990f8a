"""The disk in a VDI."""

from __future__ import annotations

from imageferry.imaging.inspectors import vdi
from imageferry.imaging.reader import BoundedReader
from imageferry.imaging.readers.blocks import BlockTableReader, Layout


class VdiReader(BlockTableReader):
    """A VDI, that stands for itself."""

    @staticmethod
    def _read_layout(reader: BoundedReader) -> Layout:
        return vdi.read_layout(reader)
