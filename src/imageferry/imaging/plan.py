"""What a transfer will take of its source, known before the first byte is moved."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

from imageferry.imaging.blocks import taken
from imageferry.imaging.disk import DiskReader
from imageferry.imaging.errors import MORE_THAN_DECLARED
from imageferry.imaging.source import CHUNK_SIZE
from imageferry.imaging.threads import StopSignal

_REREAD_FACTOR = 16
"""How often a sound image's bytes are taken at most: readers take whole sectors around small
compressed clusters, and guess how long compressed grains are."""

_REREAD_FREE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Plan:
    """The bytes of a source that a transfer takes.

    Attributes:
        total: How many they are in all, those included that an earlier transfer took.
        wanted: How many of them lie in each chunk of the source, without those.
        start: Where on the disk the transfer begins.
        disorder: How many chunks the disk goes back in the source at the most.
    """

    total: int
    wanted: array[int]
    start: int = 0
    disorder: int = 0

    @classmethod
    def whole(cls, size: int) -> Plan:
        """Make the plan to take every byte of a source of ``size`` bytes."""
        chunks = range(0, size, CHUNK_SIZE)
        return cls(size, array("Q", (min(CHUNK_SIZE, size - start) for start in chunks)))

    @classmethod
    def ends(cls, size: int, place: int) -> Plan:
        """Make the plan to take of a source of ``size`` bytes the first chunk and all from a place.

        The place lies behind that chunk.
        """
        wanted = cls.whole(size).wanted
        chunk = place // CHUNK_SIZE
        wanted[1:chunk] = array("Q", bytes(8 * (chunk - 1)))
        wanted[chunk] -= place % CHUNK_SIZE
        return cls(size, wanted)

    @classmethod
    def of(cls, reader: DiskReader, size: int, start: int = 0, *, stop: StopSignal) -> Plan:
        """Make the plan for a disk.

        Args:
            reader: The disk.
            size: The source's size in bytes.
            start: Where on the disk the transfer begins: what lies before was taken.
            stop: Ends the work early.

        Raises:
            StoppedError: it was stopped.
            ImageError: the image's tables cannot be right, or name the same bytes so often
                that a small file would become a huge disk.
        """
        wanted = array("Q", bytes(8 * -(-size // CHUNK_SIZE)))
        total = highest = disorder = 0
        limit = _REREAD_FREE_BYTES + _REREAD_FACTOR * size
        for offset, stretch in taken(reader):
            stop.check()
            place, end = stretch.place, min(stretch.end, size)
            chunks = range(place // CHUNK_SIZE, -(-end // CHUNK_SIZE)) if offset >= start else ()
            for chunk in chunks:
                begin = chunk * CHUNK_SIZE
                wanted[chunk] += min(end, begin + CHUNK_SIZE) - max(place, begin)
                highest = max(highest, chunk)
                disorder = max(disorder, highest - chunk)
            total += stretch.cost - (stretch.end - end)
            if total > limit:
                raise MORE_THAN_DECLARED.error(
                    f"The image has {size} bytes, of which its disk would take {total} and more."
                )
        return cls(total, wanted, start, disorder)
