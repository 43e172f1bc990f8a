"""Join extents that follow one another: fewer and larger pieces are read faster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from imageferry.imaging.disk import Extent, Packing


def coalesce(extents: Iterable[Extent]) -> Iterator[Extent]:
    """The extents, with plain ones joined that are neighbours on the disk and in the image.

    Args:
        extents: Extents by offset, none overlapping.
    """
    first: Extent | None = None
    length = 0
    for extent in extents:
        if first is not None:
            if _follows(first, length, extent):
                length += extent.length
                continue
            yield _longer(first, length)
        first, length = extent, extent.length
    if first is not None:
        yield _longer(first, length)


def _follows(first: Extent, length: int, extent: Extent) -> bool:
    return (
        extent.offset == first.offset + length
        and extent.place == first.place + length
        and extent.packing is first.packing is Packing.PLAIN
    )


def _longer(extent: Extent, length: int) -> Extent:
    if length == extent.length:
        return extent
    return Extent(extent.offset, length, extent.place, length)
