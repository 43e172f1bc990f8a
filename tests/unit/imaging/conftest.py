"""Sources made by hand, and chunks of them that are small."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest

from support import small_chunks as chunks


class PieceSource:
    """A source that holds a few pieces of data in a sea of zeroes, and counts what is read."""

    def __init__(self, pieces: Mapping[int, bytes], size: int | None = None) -> None:
        self._pieces = dict(sorted(pieces.items()))
        ends = [offset + len(data) for offset, data in self._pieces.items()]
        self.size = max(ends, default=0) if size is None else size
        self.reads: list[int] = []

    def put(self, offset: int, data: bytes) -> None:
        self._pieces[offset] = data

    def pread(self, offset: int, length: int) -> bytes:
        self.reads.append(length)
        length = max(0, min(length, self.size - offset))
        window = bytearray(length)
        for start, data in self._pieces.items():
            low, high = max(start, offset), min(start + len(data), offset + length)
            if low < high:
                window[low - offset : high - offset] = data[low - start : high - start]
        return bytes(window)

    @property
    def bytes_asked(self) -> int:
        return sum(self.reads)

    def data_ranges(self) -> Iterator[tuple[int, int]]:
        for start, data in self._pieces.items():
            yield start, len(data)

    def fileno(self, _moving: int = 0) -> int | None:
        return None


Pieces = Callable[..., PieceSource]


@pytest.fixture
def pieces() -> Pieces:
    """Makes a source from a mapping of offsets to bytes, and its size."""
    return PieceSource


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has the look-ahead work with small chunks, and few of them."""
    chunks.use(monkeypatch)
