"""The disk in a VHD, fixed or dynamic."""

from __future__ import annotations

from collections.abc import Iterator

from imageferry.imaging.disk import Extent
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.inspectors.vhd import read_layout
from imageferry.imaging.reader import BoundedReader
from imageferry.imaging.readers.blocks import block_extents, check_unchanged
from imageferry.imaging.readers.raw import identical_extents
from imageferry.imaging.source import ByteSource


class VhdReader:
    """A VHD that stands for itself."""

    def __init__(self, source: ByteSource, inspection: Inspection) -> None:
        """Read its footer and headers.

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
        """The blocks that hold data; of a fixed disk, the parts of the source that may.

        Raises:
            ImageError: the table of blocks cannot be read, or cannot be right.
        """
        if self._table is None:
            return identical_extents(self._source, self.virtual_size)
        return block_extents(self._source, self._table, self.virtual_size)
