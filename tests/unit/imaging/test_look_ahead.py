"""A source that is fetched ahead: each byte once, in bounded memory, whatever the order."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageferry.imaging.look_ahead import LookAhead
from imageferry.imaging.plan import Plan
from imageferry.imaging.threads import StopSignal
from support.small_chunks import (
    CHUNK,
    MANY,
    MEMORY,
    ChunkSource,
    in_memory,
    made,
    plan_of,
    take_all,
)

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("small_chunks")]


def test_a_range_may_lie_in_several_chunks_and_end_with_the_source(tmp_path: Path) -> None:
    source = ChunkSource(made(3, 17))
    ranges = [(CHUNK - 1, CHUNK + 2), (3 * CHUNK - 5, 99)]
    plan = plan_of(source.size, ranges)
    with LookAhead(source, plan, scratch=tmp_path, hash_source=False) as ahead:
        assert ahead.take(*ranges[0]) == source.data[CHUNK - 1 : 2 * CHUNK + 1]
        assert ahead.take(*ranges[1]) == source.data[3 * CHUNK - 5 :]
    assert ahead.sha256 == ""


@pytest.mark.parametrize("hash_source", [False, True])
def test_chunks_that_nobody_wants_are_fetched_for_the_hash_alone(
    tmp_path: Path, hash_source: bool
) -> None:
    source = ChunkSource(made(30))
    ranges = [(chunk * CHUNK + 3, 7) for chunk in range(0, 30, 7)]
    plan = plan_of(source.size, ranges)
    with LookAhead(source, plan, scratch=tmp_path, hash_source=hash_source) as ahead:
        taken = take_all(ahead, ranges, 2)
        ahead.finish(StopSignal())
    assert taken == [source.data[at : at + length] for at, length in ranges]
    assert sorted(source.fetched) == list(range(30) if hash_source else range(0, 30, 7))
    digest = hashlib.sha256(source.data).hexdigest()
    assert ahead.sha256 == (digest if hash_source else "")


def test_an_empty_source_has_a_hash(tmp_path: Path) -> None:
    with LookAhead(ChunkSource(b""), Plan.whole(0), scratch=tmp_path, hash_source=False) as ahead:
        ahead.finish(StopSignal())
        assert ahead.take(0, 0) == b""


@st.composite
def ranges_in_any_order(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    """A source's size, and ranges of it in an order that only partly is the file's."""
    chunks = draw(st.integers(1, 60))
    size = chunks * CHUNK - draw(st.integers(0, CHUNK - 1))
    step = draw(st.sampled_from([250, 500, CHUNK, 3 * CHUNK - 1]))
    ranges = [(at, min(step, size - at)) for at in range(0, size, step)]
    random = draw(st.randoms(use_true_random=False))
    how = draw(st.sampled_from(["in order", "backwards", "shuffled", "shuffled here and there"]))
    if how == "backwards":
        ranges.reverse()
    elif how == "shuffled":
        random.shuffle(ranges)
    elif how != "in order":
        for _ in range(len(ranges) // 5):
            one, other = random.randrange(len(ranges)), random.randrange(len(ranges))
            ranges[one], ranges[other] = ranges[other], ranges[one]
    kept = draw(st.sampled_from([1.0, 0.7, 0.1]))
    return size, [range_ for range_ in ranges if random.random() < kept]


@MANY
@given(wanted=ranges_in_any_order(), threads=st.integers(1, 3), hash_source=st.booleans())
def test_every_byte_is_fetched_once_whatever_the_order(
    tmp_path: Path, wanted: tuple[int, list[tuple[int, int]]], threads: int, hash_source: bool
) -> None:
    size, ranges = wanted
    most = 0

    def before(_: int) -> None:
        nonlocal most
        most = max(most, in_memory(ahead))

    source = ChunkSource(Random(size).randbytes(size), before)
    plan = plan_of(size, ranges)
    before_it = set(threading.enumerate())
    ahead = LookAhead(source, plan, scratch=tmp_path, hash_source=hash_source)
    with ahead:
        taken = take_all(ahead, ranges, threads)
        ahead.finish(StopSignal())
        assert in_memory(ahead) == 0
        assert not ahead._spilled
    assert taken == [source.data[at : at + length] for at, length in ranges]
    assert max(Counter(source.fetched).values(), default=1) == 1
    assert most <= MEMORY
    assert set(threading.enumerate()) <= before_it
    if hash_source:
        assert ahead.sha256 == hashlib.sha256(source.data).hexdigest()
    assert list(tmp_path.iterdir()) == []


def test_a_hash_that_lags_behind_does_not_stop_what_is_taken_in_no_order(tmp_path: Path) -> None:
    """Chunks from the end, taken whole and not yet hashed, fill the memory with the others."""
    source = ChunkSource(made(100))
    order = [*range(99, 20, -3), *(chunk for chunk in range(100) if chunk < 21 or chunk % 3)]
    ranges = [(chunk * CHUNK, CHUNK) for chunk in order]
    with LookAhead(source, Plan.whole(source.size), scratch=tmp_path, hash_source=True) as ahead:
        taken = [ahead.take(*range_) for range_ in ranges]
        ahead.finish(StopSignal())
    assert taken == [source.data[at : at + CHUNK] for at, _ in ranges]
    assert ahead.sha256 == hashlib.sha256(source.data).hexdigest()
