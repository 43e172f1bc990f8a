"""Leave out what a source knows to be zero: an image that keeps all blocks may be full of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from imageferry.imaging.disk import Extent
from imageferry.imaging.source import ByteSource


def without_holes(extents: Iterable[Extent], source: ByteSource) -> Iterator[Extent]:
    """The parts of extents that may hold data.

    A source tells its data from the beginning to the end, once. An extent that lies before
    one that was looked at stays as it is: so no order of blocks makes this expensive.

    Args:
        extents: Plain extents by their offset on the disk.
        source: The image's bytes.
    """
    ranges = source.data_ranges()
    current = next(ranges, None)
    reached = 0
    for extent in extents:
        if extent.place < reached:
            yield extent
            continue
        reached = extent.place + extent.length
        while current is not None and current[0] < reached:
            start, end = max(current[0], extent.place), min(sum(current), reached)
            if start < end:
                offset = extent.offset + start - extent.place
                yield Extent(offset, end - start, start, end - start)
            if sum(current) > reached:
                break
            current = next(ranges, None)
