"""Bounded reading of untrusted bytes.

What an inspector may read is limited as a whole, so that no image can make its
own inspection expensive.
"""

from __future__ import annotations

from imageferry.imaging.errors import CORRUPT, SOURCE_FAILED, TRUNCATED
from imageferry.imaging.source import ByteSource

MAX_BYTES_READ = 6 * 1024 * 1024
"""Bytes that one inspection reads at most."""


class BoundedReader:
    """Reads from a source until the bound of bytes is reached."""

    def __init__(self, source: ByteSource, limit: int = MAX_BYTES_READ) -> None:
        """Read from ``source``, at most ``limit`` bytes in all."""
        self._source = source
        self._left = limit

    @property
    def size(self) -> int:
        """The source's size in bytes."""
        return self._source.size

    @property
    def left(self) -> int:
        """Bytes that may still be read."""
        return self._left

    def read(self, offset: int, length: int, what: str) -> bytes:
        """Exactly the bytes asked for.

        Args:
            offset: Where they start.
            length: How many, in bytes.
            what: What they are, for the error's text.

        Raises:
            ImageError: they lie outside of the source, or the bound is reached.
        """
        if offset < 0 or offset + length > self.size:
            raise TRUNCATED.error(
                f"The image has {self.size} bytes, but its {what} lies at byte {offset}"
                f" and has {length} bytes."
            )
        data = self.read_available(offset, length, what)
        if len(data) != length:
            raise SOURCE_FAILED.error(f"Reading the image's {what} at byte {offset} ended early.")
        return data

    def read_available(self, offset: int, length: int, what: str) -> bytes:
        """The bytes asked for, fewer where the source ends.

        Raises:
            ImageError: the bound is reached, or the source cannot be read.
        """
        if length > self._left:
            raise CORRUPT.error(
                f"The image's {what} has {length} bytes, more than an inspection may read."
            )
        try:
            data = self._source.pread(offset, length)
        except OSError as error:
            raise SOURCE_FAILED.error(
                f"Reading the image at byte {offset} failed: {error.strerror or error}."
            ) from error
        self._left -= length
        return data
