"""Of a source that is taken in no order, what memory has no room for goes to scratch."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from imageferry.imaging.look_ahead import LookAhead, most_scratch
from imageferry.imaging.plan import Plan
from support.small_chunks import CHUNK, ChunkSource, made, plan_of, take_all

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("small_chunks")]


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
    source = ChunkSource(made(40))
    ranges = [(chunk * CHUNK + at, 100) for at in range(0, CHUNK, 100) for chunk in range(40)]
    with LookAhead(source, Plan.whole(source.size), scratch=tmp_path, hash_source=False) as ahead:
        for at, length in ranges:
            assert ahead.take(at, length) == source.data[at : at + length]
    assert 0 < read <= source.size


def test_a_scratch_file_that_cannot_be_written_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.pwrite", full)
    source = ChunkSource(made(50))
    backwards = [(chunk * CHUNK, CHUNK) for chunk in range(49, -1, -1)]
    with (
        LookAhead(source, Plan.whole(source.size), scratch=tmp_path, hash_source=False) as ahead,
        pytest.raises(OSError, match="No space left"),
    ):
        take_all(ahead, backwards, 1)


def test_what_goes_to_scratch_is_known_beforehand() -> None:
    size = 100 * CHUNK + 1
    plan = plan_of(size, [(3 * CHUNK, 1), (100 * CHUNK, 1)])
    assert most_scratch(plan, size, hash_source=True) == size
    assert most_scratch(plan, size, hash_source=False) == 2 * CHUNK
    assert most_scratch(Plan.whole(size), size, hash_source=False) == size
