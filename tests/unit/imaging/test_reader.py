from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from imageferry.imaging.errors import ImageError
from imageferry.imaging.reader import BoundedReader


class UnreadableSource:
    size = 100

    def pread(self, offset: int, length: int) -> bytes:
        raise OSError(5, "Input/output error")

    def data_ranges(self) -> Iterator[tuple[int, int]]:
        yield 0, 100

    def fileno(self, _moving: int = 0) -> int | None:
        return None


def test_reading_past_the_end_is_refused(pieces: Callable[..., Any]) -> None:
    with pytest.raises(ImageError, match="has 10 bytes, but its footer lies at byte 8") as caught:
        BoundedReader(pieces({0: b"0123456789"})).read(8, 4, "footer")
    assert caught.value.code == "InvalidImageFormat.Truncated"


def test_no_more_is_read_than_the_bound(pieces: Callable[..., Any]) -> None:
    source = pieces({0: b"0123456789"})
    reader = BoundedReader(source, limit=6)
    assert reader.read(0, 4, "header") == b"0123"
    with pytest.raises(ImageError, match="more than an inspection may read"):
        reader.read(4, 3, "table")
    assert source.bytes_asked == 4


def test_many_places_are_read_at_a_time_and_come_in_their_order() -> None:
    together = threading.Barrier(8)

    class Waiting(UnreadableSource):
        size = 8000

        def pread(self, offset: int, length: int) -> bytes:
            together.wait(30)
            return b"%04d" % offset

    places = [7000, 0, 3000, 1000, 2000, 5000, 6000, 4000]
    found = BoundedReader(Waiting(), limit=32).read_all(places, 4, "table")
    assert found == [b"%04d" % place for place in places]


def test_many_places_have_one_bound_and_lie_within_the_source(pieces: Callable[..., Any]) -> None:
    source = pieces({0: b"x"}, 1000)
    with pytest.raises(ImageError, match="more than an inspection may read"):
        BoundedReader(source, limit=40).read_all(range(0, 100, 10), 10, "table")
    assert source.bytes_asked == 40
    with pytest.raises(ImageError, match="table lies at byte 995"):
        BoundedReader(source).read_all([0, 995], 10, "table")


def test_a_source_that_fails_is_an_image_error() -> None:
    with pytest.raises(ImageError, match="at byte 5 failed: Input/output error") as caught:
        BoundedReader(UnreadableSource()).read(5, 4, "header")
    assert caught.value.code == "SourceReadFailed"
