"""The disk in a VDI."""

from __future__ import annotations

from collections.abc import Iterator

from imageferry.imaging.disk import Extent
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.inspectors.vdi import read_layout
from imageferry.imaging.reader import BoundedReader
from imageferry.imaging.readers.blocks import block_extents, check_unchanged
from imageferry.imaging.source import ByteSource


class VdiReader:
    """A VDI that stands for itself."""

    def __init__(self, source: ByteSource, inspection: Inspection) -> None:
        """Read its headers.

        Args:
            source: The image's bytes.
            inspection: What the inspection has found.

        Raises:
            ImageError: they cannot be read, or are not what was inspected.
        """
        layout = read_layout(BoundedReader(source))
        check_unchanged(layout.virtual_size, inspection)
        self._source = source
        self._table = layout.table
        self.virtual_size = layout.virtual_size

    def extents(self) -> Iterator[Extent]:
        """The blocks that hold data.

        Raises:
            ImageError: the table of blocks cannot be read, or cannot be right.
        """
        return block_extents(self._source, self._table, self.virtual_size)
