"""What a guest sees of an image, put together by our own reader."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

from hypothesis import strategies as st

from imageferry.imaging.blocks import blocks, taken
from imageferry.imaging.disk import DiskReader
from imageferry.imaging.inspect import inspect
from imageferry.imaging.readers.opening import open_reader
from imageferry.imaging.source import ByteSource, FileSource

_EDGES = [512, 4096, 65536, 1 << 20, 2 << 20]

Pieces = dict[int, bytes]


class Planned:
    """A source that gives out each range of its plan once, and nothing else."""

    def __init__(self, source: ByteSource, reader: DiskReader) -> None:
        self._source = source
        self._plan = Counter((part.place, part.end - part.place) for _, part in taken(reader))

    def take(self, place: int, length: int) -> bytes:
        self._plan[place, length] -= 1
        assert self._plan[place, length] >= 0
        assert place + length <= self._source.size
        return self._source.pread(place, length)

    def is_used_up(self) -> bool:
        return not any(self._plan.values())


def guest_bytes(image: Path) -> bytes:
    """The whole disk in an image."""
    with FileSource(image) as source:
        found = inspect(source, max_virtual_size=1 << 30)
        reader = open_reader(source, found)
        planned = Planned(source, reader)
        disk = bytearray(reader.virtual_size)
        for block in blocks(reader, planned):
            data = block.load()
            disk[block.offset : block.offset + len(data)] = data
        assert planned.is_used_up()
    return bytes(disk)


@st.composite
def contents(draw: st.DrawFn, size: int) -> Pieces:
    """Pieces of data around the edges of every kind of cluster, of which few compress well."""
    pieces = {}
    for _ in range(draw(st.integers(0, 6))):
        edge = draw(st.sampled_from(_EDGES))
        offset = edge * draw(st.integers(0, size // edge)) + draw(st.sampled_from([-513, -1, 0, 7]))
        offset = min(max(offset, 0), size - 1)
        length = min(draw(st.sampled_from([1, 511, 4096, 65536, 300_001])), size - offset)
        seed = draw(st.integers(0, 3))
        pieces[offset] = Random(seed).randbytes(length) if seed else (b"guest" * length)[:length]
    return pieces


@st.composite
def disks(draw: st.DrawFn) -> tuple[int, Pieces]:
    """A size of whole sectors that is a multiple of nothing else, and pieces of data."""
    size = draw(st.integers(1, 12000)) * 512
    return size, draw(contents(size))
