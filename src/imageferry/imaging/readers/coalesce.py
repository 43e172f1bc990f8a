"""Join extents that follow one another: fewer and larger pieces are read faster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from imageferry.imaging.disk import Extent, Packing


def coalesce(extents: Iterable[Extent]) -> Iterator[Extent]:
    """The extents, with plain ones joined that are neighbours on the disk and in the image.

    Args:
        extents: Extents by offset, none overlapping.
    """
    current: Extent | None = None
    for extent in extents:
        if current is None:
            current = extent
        elif _are_neighbours(current, extent):
            length = current.length + extent.length
            current = replace(current, length=length, stored_length=length)
        else:
            yield current
            current = extent
    if current is not None:
        yield current


def _are_neighbours(one: Extent, other: Extent) -> bool:
    return (
        one.packing is other.packing is Packing.PLAIN
        and one.offset + one.length == other.offset
        and one.place + one.length == other.place
    )
