"""Disks that are kept as they are: raw ones, and the fixed kinds of other formats."""

from __future__ import annotations

from collections.abc import Iterator

from imageferry.imaging.disk import Extent
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.source import ByteSource


class RawReader:
    """A raw disk. Where its size is no multiple of a sector, zeros fill the last one up."""

    def __init__(self, source: ByteSource, inspection: Inspection) -> None:
        """Read a disk.

        Args:
            source: The image's bytes.
            inspection: What the inspection has found.
        """
        self._source = source
        self.virtual_size = inspection.virtual_size

    def extents(self) -> Iterator[Extent]:
        """The parts of the source that may hold data."""
        return identical_extents(self._source, self.virtual_size)


def identical_extents(source: ByteSource, end: int) -> Iterator[Extent]:
    """Extents that lie in an image at the place where they are on the disk.

    Args:
        source: The image's bytes.
        end: Where the disk ends at the latest, in bytes.
    """
    for offset, length in source.data_ranges():
        kept = min(length, end - offset)
        if kept > 0:
            yield Extent(offset, kept, offset, kept)
