from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import pytest

from imageferry.imaging.disk import BLOCK_SIZE, Extent, Packing
from imageferry.imaging.errors import ImageError
from imageferry.imaging.plan import Plan
from imageferry.imaging.source import CHUNK_SIZE
from imageferry.imaging.threads import StoppedError, StopSignal

_SIZE = 3 * CHUNK_SIZE + 100


@dataclass
class Reader:
    pieces: list[Extent] = field(default_factory=list)
    virtual_size: int = 1 << 40

    def extents(self) -> Iterator[Extent]:
        yield from self.pieces


def plain(offset: int, place: int, length: int) -> Extent:
    return Extent(offset, length, place, length)


def test_a_whole_source_is_wanted_to_its_last_byte() -> None:
    plan = Plan.whole(_SIZE)
    assert (plan.total, list(plan.wanted)) == (_SIZE, [CHUNK_SIZE] * 3 + [100])
    assert list(Plan.whole(0).wanted) == []


@pytest.mark.parametrize(
    ("place", "wanted"),
    [
        (CHUNK_SIZE, [CHUNK_SIZE, CHUNK_SIZE, CHUNK_SIZE, 100]),
        (CHUNK_SIZE + 7, [CHUNK_SIZE, CHUNK_SIZE - 7, CHUNK_SIZE, 100]),
        (3 * CHUNK_SIZE - 1, [CHUNK_SIZE, 0, 1, 100]),
        (_SIZE - 1, [CHUNK_SIZE, 0, 0, 1]),
    ],
)
def test_the_first_chunk_and_the_rest_of_a_source_are_wanted(place: int, wanted: list[int]) -> None:
    plan = Plan.ends(_SIZE, place)
    assert (plan.total, list(plan.wanted)) == (_SIZE, wanted)


def test_extents_are_counted_in_the_chunks_in_which_they_lie() -> None:
    reader = Reader([plain(0, CHUNK_SIZE - 10, 30), plain(BLOCK_SIZE, 3 * CHUNK_SIZE, 100)])
    plan = Plan.of(reader, _SIZE, stop=StopSignal())
    assert (plan.total, list(plan.wanted)) == (130, [10, 20, 0, 100])


@pytest.mark.parametrize(
    ("chunks", "back"), [([0, 1, 2, 3], 0), ([1, 0, 3, 2], 1), ([2, 3, 0, 1], 3), ([0, 0], 0)]
)
def test_it_is_known_how_far_the_disk_goes_back_in_its_source(chunks: list[int], back: int) -> None:
    reader = Reader(
        [plain(at * BLOCK_SIZE, chunk * CHUNK_SIZE, 100) for at, chunk in enumerate(chunks)]
    )
    assert Plan.of(reader, _SIZE, stop=StopSignal()).disorder == back


def test_what_is_taken_twice_counts_twice() -> None:
    packed = Extent(0, 65536, 512, 512, Packing.ZSTD)
    plan = Plan.of(Reader([packed, packed]), _SIZE, stop=StopSignal())
    assert (plan.total, list(plan.wanted)) == (1024, [1024, 0, 0, 0])


def test_a_packed_extent_may_be_guessed_to_reach_over_the_end() -> None:
    plan = Plan.of(
        Reader([Extent(0, 65536, _SIZE - 7, 512, Packing.GRAIN)]), _SIZE, stop=StopSignal()
    )
    assert (plan.total, list(plan.wanted)) == (7, [0, 0, 0, 7])


def test_a_small_file_that_becomes_a_huge_disk_is_refused() -> None:
    many = [plain(number * BLOCK_SIZE, 0, BLOCK_SIZE) for number in range(100)]
    with pytest.raises(ImageError, match="of which its disk would take"):
        Plan.of(Reader(many), _SIZE, stop=StopSignal())


def test_it_is_stopped_in_the_midst_of_a_table() -> None:
    stop = StopSignal()

    class Endless(Reader):
        def extents(self) -> Iterator[Extent]:
            for number in count():
                yield plain(number * BLOCK_SIZE, number * CHUNK_SIZE, 512)
                if number == 2:
                    stop.set()

    with pytest.raises(StoppedError):
        Plan.of(Endless(), 1 << 40, stop=stop)
