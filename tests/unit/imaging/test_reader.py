from __future__ import annotations

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

    def fileno(self) -> int | None:
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


def test_a_source_that_fails_is_an_image_error() -> None:
    with pytest.raises(ImageError, match="at byte 5 failed: Input/output error") as caught:
        BoundedReader(UnreadableSource()).read(5, 4, "header")
    assert caught.value.code == "SourceReadFailed"
