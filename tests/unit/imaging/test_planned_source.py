from __future__ import annotations

import hashlib
import threading
from array import array
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from imageferry.imaging.errors import INSUFFICIENT_SPACE, SOURCE_FAILED, ImageError
from imageferry.imaging.look_ahead import LookAhead
from imageferry.imaging.plan import Plan
from imageferry.imaging.planned_source import DirectSource, plan_source
from imageferry.imaging.scratch import Scratch
from imageferry.imaging.source import CHUNK_SIZE, FileSource
from imageferry.imaging.threads import StoppedError, StopSignal

_DATA = b"image" * 100_000


@pytest.fixture
def file_source(tmp_path: Path) -> Iterator[FileSource]:
    path = tmp_path / "image"
    path.write_bytes(_DATA)
    with FileSource(path) as source:
        yield source


def test_a_file_is_read_where_it_lies(file_source: FileSource, tmp_path: Path) -> None:
    plan = Plan.whole(file_source.size)
    with plan_source(file_source, plan, scratch=Scratch(tmp_path), hash_source=True) as planned:
        assert isinstance(planned, DirectSource)
        assert planned.take(3, 10) == _DATA[3:13]
        assert planned.take(len(_DATA) - 5, 10) == _DATA[-5:]
        planned.finish(StopSignal())
    assert planned.sha256 == hashlib.sha256(_DATA).hexdigest()


def test_a_hash_that_is_not_wanted_is_empty(file_source: FileSource, tmp_path: Path) -> None:
    plan = Plan.whole(file_source.size)
    with plan_source(file_source, plan, scratch=Scratch(tmp_path), hash_source=False) as planned:
        planned.finish(StopSignal())
    assert planned.sha256 == ""


def test_what_is_no_file_is_fetched_ahead(pieces: Callable[..., Any], tmp_path: Path) -> None:
    source = pieces({0: _DATA})
    plan = Plan.whole(source.size)
    with plan_source(source, plan, scratch=Scratch(tmp_path), hash_source=True) as planned:
        assert isinstance(planned, LookAhead)
        assert planned.take(0, source.size) == _DATA
        planned.finish(StopSignal())
    assert planned.sha256 == hashlib.sha256(_DATA).hexdigest()


def test_only_what_is_taken_in_no_order_claims_scratch(
    pieces: Callable[..., Any], tmp_path: Path
) -> None:
    source = pieces({0: _DATA}, size=100 * CHUNK_SIZE)
    told: list[int] = []
    plan = Plan.whole(source.size)
    for disorder in (0, 99):
        with plan_source(
            source,
            replace(plan, disorder=disorder),
            scratch=Scratch(tmp_path, told.append),
            hash_source=False,
        ) as planned:
            assert planned.take(0, len(_DATA)) == _DATA
    assert told == [source.size]


def test_a_source_that_scratch_has_no_room_for_is_refused_before_it_is_read(
    pieces: Callable[..., Any], tmp_path: Path
) -> None:
    source = pieces({}, size=1 << 40)
    plan = replace(Plan.whole(source.size), wanted=array("Q", [1]) * (1 << 18), disorder=99)
    scratch = Scratch(tmp_path)
    with pytest.raises(ImageError, match="needs up to 1099511627776 bytes") as caught:
        plan_source(source, plan, scratch=scratch, hash_source=False)
    assert caught.value.kind is INSUFFICIENT_SPACE
    assert source.reads == []


def test_an_error_of_the_hash_is_raised_to_who_waits_for_it(
    file_source: FileSource, tmp_path: Path
) -> None:
    (tmp_path / "image").write_bytes(_DATA[:100])
    with (
        DirectSource(file_source, hash_source=True) as planned,
        pytest.raises(ImageError, match="ended early, at byte 100") as caught,
    ):
        planned.finish(StopSignal())
    assert caught.value.kind is SOURCE_FAILED


def test_closing_ends_the_hash(file_source: FileSource) -> None:
    before = set(threading.enumerate())
    with DirectSource(file_source, hash_source=True):
        pass
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize("name", ["file", "fetched"])
def test_the_wait_for_the_hash_can_be_stopped(
    name: str, pieces: Callable[..., Any], tmp_path: Path
) -> None:
    source, stop, go_on = pieces({0: _DATA}), StopSignal(), threading.Event()

    def pread(offset: int, length: int) -> bytes:
        stop.set()
        go_on.wait()
        return _DATA[offset : offset + length]

    source.pread = pread
    if name == "file":
        source.fileno = lambda: 0
    with plan_source(
        source, Plan.whole(source.size), scratch=Scratch(tmp_path), hash_source=True
    ) as planned:
        try:
            with pytest.raises(StoppedError):
                planned.finish(stop)
        finally:
            go_on.set()
