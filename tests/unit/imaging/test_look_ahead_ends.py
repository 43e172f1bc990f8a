"""A source that is fetched ahead ends: for every waiter, and with every thread."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from imageferry.imaging.errors import SOURCE_FAILED, ImageError
from imageferry.imaging.look_ahead import LookAhead
from imageferry.imaging.plan import Plan
from imageferry.imaging.threads import StoppedError, StopSignal
from support.service import until
from support.small_chunks import CHUNK, CONNECTIONS, ChunkSource, made

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("small_chunks")]


class FetchError(Exception):
    """What a test has a read raise."""


def test_an_error_of_one_read_ends_all_and_is_raised_to_every_waiter(tmp_path: Path) -> None:
    all_wait = threading.Event()

    def before(chunk: int) -> None:
        if chunk == 3:
            assert all_wait.wait(30)
            raise FetchError

    source = ChunkSource(made(50), before)
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
    source = ChunkSource(made(5))
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

    source = ChunkSource(made(50), before)
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
