"""A source that is fetched ahead: each byte once, in bounded memory, and it always ends."""

from __future__ import annotations

import hashlib
import os
import threading
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imageferry.imaging import look_ahead
from imageferry.imaging import plan as plans
from imageferry.imaging.errors import SOURCE_FAILED, ImageError
from imageferry.imaging.look_ahead import LookAhead, is_in_order, most_scratch
from imageferry.imaging.plan import Plan
from imageferry.imaging.threads import StoppedError, StopSignal
from support.service import until

CHUNK = 1000
CONNECTIONS = 4
MEMORY = 10
_MANY = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
pytestmark = pytest.mark.timeout(60)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look_ahead, "CHUNK_SIZE", CHUNK)
    monkeypatch.setattr(plans, "CHUNK_SIZE", CHUNK)
    monkeypatch.setattr(look_ahead, "CONNECTIONS", CONNECTIONS)
    monkeypatch.setattr(look_ahead, "MEMORY_CHUNKS", MEMORY)
    monkeypatch.setattr(look_ahead, "_IN_ORDER_CHUNKS", MEMORY // 2)


class RemoteSource:
    """An object of a remote store: no file, and ``before`` is called before each read."""

    def __init__(self, data: bytes, before: Callable[[int], None] = lambda chunk: None) -> None:
        self.size = len(data)
        self.data = data
        self.fetched: list[int] = []
        self._before = before

    def pread(self, offset: int, length: int) -> bytes:
        chunk, within = divmod(offset, CHUNK)
        assert (within, length) == (0, min(CHUNK, self.size - offset))
        self.fetched.append(chunk)
        self._before(chunk)
        return self.data[offset : offset + length]

    def data_ranges(self) -> Iterator[tuple[int, int]]:
        yield 0, self.size

    def fileno(self) -> None:
        return None


class FetchError(Exception):
    """What a test has a read raise."""


def made(chunks: int, rest: int = 0) -> bytes:
    return Random(chunks).randbytes(chunks * CHUNK + rest)


def plan_of(size: int, ranges: list[tuple[int, int]]) -> Plan:
    wanted = array("Q", bytes(8 * -(-size // CHUNK)))
    for place, length in ranges:
        for byte in range(place, min(place + length, size)):
            wanted[byte // CHUNK] += 1
    return Plan(sum(wanted), wanted)


def in_memory(ahead: LookAhead) -> int:
    return len(ahead._chunks) + ahead._on_their_way


def take_all(ahead: LookAhead, ranges: list[tuple[int, int]], threads: int) -> list[bytes]:
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda range_: bytes(ahead.take(*range_)), ranges))


def test_a_range_may_lie_in_several_chunks_and_end_with_the_source(tmp_path: Path) -> None:
    source = RemoteSource(made(3, 17))
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
    source = RemoteSource(made(30))
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
    with LookAhead(RemoteSource(b""), Plan.whole(0), scratch=tmp_path, hash_source=False) as ahead:
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


@_MANY
@given(wanted=ranges_in_any_order(), threads=st.integers(1, 3), hash_source=st.booleans())
def test_every_byte_is_fetched_once_whatever_the_order(
    tmp_path: Path, wanted: tuple[int, list[tuple[int, int]]], threads: int, hash_source: bool
) -> None:
    size, ranges = wanted
    most = 0

    def before(_: int) -> None:
        nonlocal most
        most = max(most, in_memory(ahead))

    source = RemoteSource(Random(size).randbytes(size), before)
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
    source = RemoteSource(made(100))
    order = [*range(99, 20, -3), *(chunk for chunk in range(100) if chunk < 21 or chunk % 3)]
    ranges = [(chunk * CHUNK, CHUNK) for chunk in order]
    with LookAhead(source, Plan.whole(source.size), scratch=tmp_path, hash_source=True) as ahead:
        taken = [ahead.take(*range_) for range_ in ranges]
        ahead.finish(StopSignal())
    assert taken == [source.data[at : at + CHUNK] for at, _ in ranges]
    assert ahead.sha256 == hashlib.sha256(source.data).hexdigest()


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
    source = RemoteSource(made(100))
    with LookAhead(source, Plan.whole(source.size), scratch=tmp_path, hash_source=True) as ahead:
        for chunk in range(100):
            ahead.take(chunk * CHUNK, CHUNK)
        ahead.finish(StopSignal())
    assert ahead.sha256 == sha256(source.data).hexdigest()


def test_what_is_taken_in_order_needs_no_scratch_however_fast_the_hash_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.TemporaryFile", None)
    source = RemoteSource(made(100))
    with LookAhead(source, Plan.whole(source.size), scratch=tmp_path, hash_source=True) as ahead:
        for chunk in range(100):
            behind = min(chunk + MEMORY, 100) * CHUNK
            until(lambda end=behind: ahead.state().hashed == end, 30, "the hash")  # type: ignore[misc]
            ahead.take(chunk * CHUNK, CHUNK)
        ahead.finish(StopSignal())
    assert ahead.sha256 == hashlib.sha256(source.data).hexdigest()


def test_of_a_chunk_in_the_scratch_file_only_what_is_wanted_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = 0

    def pread(descriptor: int, length: int, offset: int) -> bytes:
        nonlocal read
        read += length
        return real(descriptor, length, offset)

    real = os.pread
    monkeypatch.setattr("os.pread", pread)
    source = RemoteSource(made(40))
    ranges = [(chunk * CHUNK + at, 100) for at in range(0, CHUNK, 100) for chunk in range(40)]
    with LookAhead(source, Plan.whole(source.size), scratch=tmp_path, hash_source=False) as ahead:
        for at, length in ranges:
            assert ahead.take(at, length) == source.data[at : at + length]
    assert 0 < read <= source.size


def test_an_error_of_one_read_ends_all_and_is_raised_to_every_waiter(tmp_path: Path) -> None:
    all_wait = threading.Event()

    def before(chunk: int) -> None:
        if chunk == 3:
            assert all_wait.wait(30)
            raise FetchError

    source = RemoteSource(made(50), before)
    failures: list[BaseException | None] = []

    def take(place: int) -> None:
        try:
            ahead.take(place, 1)
        except FetchError as error:
            failures.append(error)

    with LookAhead(source, Plan.whole(source.size), scratch=tmp_path, hash_source=True) as ahead:
        waiters = [threading.Thread(target=take, args=(3 * CHUNK + at,)) for at in range(3)]
        for waiter in waiters:
            waiter.start()
        until(lambda: ahead._demanded.get(3, 0) >= 3, 30, "The wait for one chunk")
        all_wait.set()
        for waiter in waiters:
            waiter.join(30)
        assert len(failures) == 3
        for _ in range(2):
            with pytest.raises(FetchError):
                ahead.finish(StopSignal())
        with pytest.raises(FetchError):
            ahead.take(49 * CHUNK, 1)
    assert ahead.sha256 == ""
    assert 49 not in source.fetched


def test_a_source_that_gets_shorter_is_an_error(tmp_path: Path) -> None:
    source = RemoteSource(made(5))
    source.data = source.data[: 2 * CHUNK + 10]
    with (
        LookAhead(source, Plan.whole(source.size), scratch=tmp_path, hash_source=False) as ahead,
        pytest.raises(ImageError, match="ended early, at byte") as caught,
    ):
        ahead.take(2 * CHUNK, CHUNK)
    assert caught.value.kind is SOURCE_FAILED


def test_closing_waits_for_reads_that_are_in_flight_and_stops_who_waits(tmp_path: Path) -> None:
    begun, go_on = threading.Event(), threading.Event()
    ended: list[int] = []
    stopped: list[BaseException] = []

    def before(chunk: int) -> None:
        begun.set()
        assert go_on.wait(30)
        ended.append(chunk)

    def take() -> None:
        try:
            ahead.take(0, CHUNK)
        except StoppedError as error:
            stopped.append(error)

    source = RemoteSource(made(50), before)
    ahead = LookAhead(source, Plan.whole(source.size), scratch=tmp_path, hash_source=True)
    with ahead:
        waiter = threading.Thread(target=take)
        waiter.start()
        assert begun.wait(30)
        closer = threading.Thread(target=ahead.close)
        closer.start()
        waiter.join(30)
        assert len(stopped) == 1
        assert closer.is_alive()
        go_on.set()
        closer.join(30)
        assert sorted(ended) == sorted(source.fetched)
        assert len(ended) <= CONNECTIONS
        with pytest.raises(StoppedError):
            ahead.finish(StopSignal())


def test_a_scratch_file_that_cannot_be_written_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.pwrite", full)
    source = RemoteSource(made(50))
    backwards = [(chunk * CHUNK, CHUNK) for chunk in range(49, -1, -1)]
    with (
        LookAhead(source, Plan.whole(source.size), scratch=tmp_path, hash_source=False) as ahead,
        pytest.raises(OSError, match="No space left"),
    ):
        take_all(ahead, backwards, 1)


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


@_MANY
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

    source = RemoteSource(Random(size).randbytes(size), before)
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


def test_what_goes_to_scratch_is_known_beforehand() -> None:
    size = 100 * CHUNK + 1
    plan = plan_of(size, [(3 * CHUNK, 1), (100 * CHUNK, 1)])
    assert most_scratch(plan, size, hash_source=True) == size
    assert most_scratch(plan, size, hash_source=False) == 2 * CHUNK
    assert most_scratch(Plan.whole(size), size, hash_source=False) == size


@pytest.mark.parametrize(
    ("chunks", "back", "expected"), [(100, 5, False), (100, 4, True), (10, 9, True)]
)
def test_a_disk_may_go_back_in_its_image_as_far_as_half_of_the_memory(
    chunks: int, back: int, expected: bool
) -> None:
    plan = replace(Plan.whole(chunks * CHUNK), disorder=back)
    assert is_in_order(plan) == expected
