"""Sources in memory, as those of a remote store: without a descriptor."""

from __future__ import annotations

from collections.abc import Iterator


class BytesSource:
    """A source that consists of some parts, of which no hole is known.

    Args:
        parts: The parts, one behind the other.
        size: The size that it says it has, in bytes; ``None`` for that of the parts.
    """

    def __init__(self, *parts: bytes, size: int | None = None) -> None:
        self.data = b"".join(parts)
        self.size = len(self.data) if size is None else size

    def pread(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]

    def data_ranges(self) -> Iterator[tuple[int, int]]:
        yield 0, self.size

    def fileno(self, _moving: int = 0) -> None:
        return None
