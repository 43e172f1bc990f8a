"""The two ends of an image of which the middle is gone, or never was wanted."""

from __future__ import annotations

from collections.abc import Iterator

HEAD_BYTES = 4096
"""What tells of every format whether its mark is there."""

TAIL_BYTES = 512
"""The footer of a VHD."""


class EndsSource:
    """A source that has only its first and last bytes: enough to see what a raw disk is."""

    def __init__(self, head: bytes, tail: bytes, size: int) -> None:
        """Keep the first and last bytes of an image of ``size`` bytes."""
        self._head = head
        self._tail = tail
        self.size = size

    def pread(self, offset: int, length: int) -> bytes:
        """The bytes from ``offset``, where they lie within one of the ends.

        Raises:
            ValueError: they do not.
        """
        tail_at = self.size - len(self._tail)
        if offset >= tail_at:
            return self._tail[offset - tail_at :][:length]
        end = min(offset + length, self.size)
        if end > len(self._head):
            raise ValueError(f"Bytes {offset} to {end} of the image are gone.")
        return self._head[offset:end]

    def data_ranges(self) -> Iterator[tuple[int, int]]:
        """One range: of no byte it is known that it is zero."""
        yield 0, self.size

    def fileno(self, _moving: int = 0) -> None:
        """There is no file."""
