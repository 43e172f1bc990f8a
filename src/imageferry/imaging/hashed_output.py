"""An output that hashes what goes through it."""

from __future__ import annotations

from imageferry.imaging.disk import Output
from imageferry.imaging.sha256 import sha256
from imageferry.imaging.threads import StopSignal

NOTHING_WRITTEN = (0, b"")
"""The state of an output to which nothing was put yet."""

_ZEROS = bytes(1024 * 1024)


class HashedOutput:
    """Passes bytes on to another output, and computes the SHA-256 of the image in the making.

    Args:
        output: Where the bytes go. They must come in order, the head first.
        stop: Ends the work early, within a gap of zeros too: those of a huge disk are as much
            work as its data.
        begun: The :attr:`state` to go on with.
    """

    def __init__(
        self, output: Output, stop: StopSignal, begun: tuple[int, bytes] = NOTHING_WRITTEN
    ) -> None:
        self._output = output
        self._stop = stop
        self._end, state = begun
        self._hash = sha256(state)

    @property
    def state(self) -> tuple[int, bytes]:
        """What another one can go on with: the bytes that were hashed, and the hash's state."""
        return self._end, self._hash.state()

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Put bytes at a place behind all that were put before.

        Raises:
            StoppedError: it was stopped.
            ValueError: the place lies before the end of what was put.
        """
        self._stop.check()
        self._skip_to(offset)
        self._output.write(offset, data)
        self._hash.update(data)
        self._end += len(data)

    def finish(self, size: int) -> str:
        """The SHA-256 of the whole image of ``size`` bytes, in hexadecimal digits.

        Raises:
            StoppedError: it was stopped.
        """
        self._skip_to(size)
        return self._hash.hexdigest()

    def _skip_to(self, offset: int) -> None:
        if offset < self._end:
            raise ValueError(f"Byte {offset} comes after byte {self._end}.")
        while self._end < offset:
            self._stop.check()
            length = min(len(_ZEROS), offset - self._end)
            self._hash.update(memoryview(_ZEROS)[:length])
            self._end += length
