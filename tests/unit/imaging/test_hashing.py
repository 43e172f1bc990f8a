from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from imageferry.imaging.errors import SOURCE_FAILED, ImageError
from imageferry.imaging.hashing import SourceHash
from imageferry.imaging.threads import StoppedError, StopSignal

_MIB = 1024 * 1024


def test_the_hash_is_that_of_all_bytes_and_holes_are_not_read(pieces: Callable[..., Any]) -> None:
    source = pieces({3 * _MIB + 7: b"x" * (2 * _MIB), 6 * _MIB: b"y"}, 8 * _MIB + 11)
    whole = source.pread(0, source.size)
    source.reads.clear()
    hashing = SourceHash(source)
    assert hashing.hexdigest == ""
    hashing.compute(StopSignal())
    assert hashing.hexdigest == hashlib.sha256(whole).hexdigest()
    assert source.bytes_asked == 2 * _MIB + 1


def test_a_stopped_hash_reads_no_further(pieces: Callable[..., Any]) -> None:
    stop = StopSignal()
    source = pieces({0: b"x" * (4 * _MIB)})
    stop.set()
    with pytest.raises(StoppedError):
        SourceHash(source).compute(stop)
    assert source.bytes_asked <= _MIB


def test_a_source_that_ends_early_is_an_error(pieces: Callable[..., Any]) -> None:
    source = pieces({0: b"x" * 10})
    source.data_ranges = lambda: iter([(0, 20)])
    with pytest.raises(ImageError, match="ended early, at byte 10") as caught:
        SourceHash(source).compute(StopSignal())
    assert caught.value.kind is SOURCE_FAILED
