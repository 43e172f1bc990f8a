"""An output that hashes what goes through it."""

from __future__ import annotations

import hashlib

from imageferry.imaging.disk import Output

_ZEROS = bytes(1024 * 1024)


class HashedOutput:
    """Passes bytes on to another output, and computes the SHA-256 of the image in the making.

    Args:
        output: Where the bytes go. They must come in order, the head first.
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._hash = hashlib.sha256()
        self._end = 0

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Put bytes at a place behind all that were put before.

        Raises:
            ValueError: the place lies before the end of what was put.
        """
        self._skip_to(offset)
        self._output.write(offset, data)
        self._hash.update(data)
        self._end += len(data)

    def finish(self, size: int) -> str:
        """The SHA-256 of the whole image of ``size`` bytes, in hexadecimal digits."""
        self._skip_to(size)
        return self._hash.hexdigest()

    def _skip_to(self, offset: int) -> None:
        if offset < self._end:
            raise ValueError(f"Byte {offset} comes after byte {self._end}.")
        while self._end < offset:
            length = min(len(_ZEROS), offset - self._end)
            self._hash.update(memoryview(_ZEROS)[:length])
            self._end += length
