"""A source that is taken in the order of the file, or almost: it needs no scratch."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageferry.imaging.look_ahead import LookAhead, is_in_order
from imageferry.imaging.plan import Plan
from imageferry.imaging.threads import StopSignal
from support.service import until
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


def test_what_is_taken_in_order_needs_no_scratch_however_slow_the_hash_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slowly, sha256 = threading.Event(), hashlib.sha256

    class SlowHash:
        def __init__(self, _state: bytes) -> None:
            self._hash = sha256()

        def update(self, data: bytes) -> None:
            slowly.wait(0.001)
            self._hash.update(data)

        def hexdigest(self) -> str:
            return self._hash.hexdigest()

        def state(self) -> bytes:
            return b""

    monkeypatch.setattr("imageferry.imaging.source_digest.sha256", SlowHash)
    monkeypatch.setattr("tempfile.TemporaryFile", None)
    source = ChunkSource(made(100))
    with LookAhead(source, Plan.whole(source.size), scratch=tmp_path, hash_source=True) as ahead:
        for chunk in range(100):
            ahead.take(chunk * CHUNK, CHUNK)
        ahead.finish(StopSignal())
    assert ahead.sha256 == sha256(source.data).hexdigest()


def test_what_is_taken_in_order_needs_no_scratch_however_fast_the_hash_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.TemporaryFile", None)
    source = ChunkSource(made(100))
    with LookAhead(source, Plan.whole(source.size), scratch=tmp_path, hash_source=True) as ahead:
        for chunk in range(100):
            behind = min(chunk + MEMORY, 100) * CHUNK
            until(lambda end=behind: ahead.state().hashed == end, 30, "the hash")  # type: ignore[misc]
            ahead.take(chunk * CHUNK, CHUNK)
        ahead.finish(StopSignal())
    assert ahead.sha256 == hashlib.sha256(source.data).hexdigest()


@st.composite
def ranges_almost_in_order(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    """A source's size, and ranges of it, each some chunks before or behind its place at most."""
    chunks = draw(st.integers(MEMORY + 1, 60))
    size = chunks * CHUNK - draw(st.integers(0, CHUNK - 1))
    step = draw(st.sampled_from([250, CHUNK, 2 * CHUNK - 1]))
    moved = draw(st.sampled_from([0, 1, 2])) * CHUNK
    random = draw(st.randoms(use_true_random=False))
    ranges = [(at, min(step, size - at)) for at in range(0, size, step)]
    ranges.sort(key=lambda range_: range_[0] + random.randint(0, moved))
    kept = draw(st.sampled_from([1.0, 0.3]))
    return size, [range_ for range_ in ranges if random.random() < kept]


@MANY
@given(wanted=ranges_almost_in_order(), threads=st.integers(1, 3), hash_source=st.booleans())
def test_a_plan_in_order_needs_no_scratch_and_no_more_memory(
    wanted: tuple[int, list[tuple[int, int]]], threads: int, hash_source: bool
) -> None:
    size, ranges = wanted
    plan = replace(plan_of(size, ranges), disorder=disorder(ranges))
    most = 0

    def before(_: int) -> None:
        nonlocal most
        most = max(most, in_memory(ahead))

    source = ChunkSource(Random(size).randbytes(size), before)
    assert is_in_order(plan)
    ahead = LookAhead(source, plan, scratch=None, hash_source=hash_source)
    with ahead:
        taken = take_all(ahead, ranges, threads)
        ahead.finish(StopSignal())
    assert taken == [source.data[at : at + length] for at, length in ranges]
    assert most <= MEMORY
    assert len(source.fetched) == len(set(source.fetched))
    assert ahead._file is None


def disorder(ranges: list[tuple[int, int]]) -> int:
    """How many chunks ranges go back at the most."""
    highest = found = 0
    for at, length in ranges:
        for chunk in (at // CHUNK, (at + length - 1) // CHUNK):
            highest = max(highest, chunk)
            found = max(found, highest - chunk)
    return found


@pytest.mark.parametrize(
    ("chunks", "back", "expected"), [(100, 5, False), (100, 4, True), (10, 9, True)]
)
def test_a_disk_may_go_back_in_its_image_as_far_as_half_of_the_memory(
    chunks: int, back: int, expected: bool
) -> None:
    plan = replace(Plan.whole(chunks * CHUNK), disorder=back)
    assert is_in_order(plan) == expected
