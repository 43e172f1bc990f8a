"""Extents that are taken of an image at once.

Each time that something is taken, threads wait for one another; a compressed image has extents of
some ten KiB, of which a block of the disk has dozens, most of them one behind the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from imageferry.imaging.disk import Extent
from imageferry.imaging.source import CHUNK_SIZE

_OVERLAP_BYTES = 512
"""How much neighbours share at most: readers of compressed clusters take whole sectors."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Extents that follow one another in an image: one, or several within one chunk.

    Attributes:
        place: Where it begins in the image, in bytes.
        end: Where it ends; it may be behind the image's end, as the last extent may.
        extents: Its extents, by offset on the disk and by place.
    """

    place: int
    end: int
    extents: tuple[Extent, ...]

    @property
    def cost(self) -> int:
        """The bytes of the image that its extents are made of; what two share counts twice."""
        return sum(extent.stored_length for extent in self.extents)


def stretches(extents: Iterable[Extent]) -> Iterator[Stretch]:
    """The stretches of some extents, in their order."""
    current: list[Extent] = []
    for extent in extents:
        if current and not _follows(current[0], current[-1], extent):
            yield _stretch(current)
            current = []
        current.append(extent)
    if current:
        yield _stretch(current)


def _follows(first: Extent, last: Extent, extent: Extent) -> bool:
    end = last.place + last.stored_length
    return (
        end - _OVERLAP_BYTES <= extent.place <= end
        and extent.place > last.place
        and (extent.place + extent.stored_length - 1) // CHUNK_SIZE == first.place // CHUNK_SIZE
    )


def _stretch(extents: list[Extent]) -> Stretch:
    last = extents[-1]
    return Stretch(extents[0].place, last.place + last.stored_length, tuple(extents))
