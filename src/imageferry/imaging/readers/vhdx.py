"""The disk in a VHDX."""

from __future__ import annotations

from imageferry.imaging.inspectors import vhdx
from imageferry.imaging.reader import BoundedReader
from imageferry.imaging.readers.blocks import BlockTableReader, Layout


class VhdxReader(BlockTableReader):
    """A VHDX, that stands for itself."""

    @staticmethod
    def _read_layout(reader: BoundedReader) -> Layout:
        return vhdx.read_layout(reader)
