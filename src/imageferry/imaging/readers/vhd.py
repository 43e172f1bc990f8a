"""The disk in a VHD, fixed or dynamic."""

from __future__ import annotations

from imageferry.imaging.inspectors import vhd
from imageferry.imaging.reader import BoundedReader
from imageferry.imaging.readers.blocks import BlockTableReader, Layout


class VhdReader(BlockTableReader):
    """A VHD, fixed or dynamic, that stands for itself."""

    @staticmethod
    def _read_layout(reader: BoundedReader) -> Layout:
        return vhd.read_layout(reader)
