"""A raw disk: its bytes as they are, zeros left out."""

from __future__ import annotations

from imageferry.imaging.disk import Output
from imageferry.imaging.zeros import data_runs

_Run = tuple[int, memoryview]


class RawWriter:
    """Writes a raw disk.

    Args:
        output: Where to.
        state: The state of the writer to go on for; empty for a new image.
    """

    def __init__(self, output: Output, state: bytes = b"") -> None:
        self._output = output
        self._end = int.from_bytes(state)

    @property
    def end(self) -> int:
        """Where the last bytes that were written end."""
        return self._end

    def state(self) -> bytes:
        """What another one has to know to go on behind the last block that was appended."""
        return self._end.to_bytes(8)

    def pack(self, offset: int, data: bytes | bytearray | memoryview) -> list[_Run]:
        """Find what of a block is not zero."""
        view = memoryview(data)
        return [(offset + start, view[start:end]) for start, end in data_runs(view)]

    def append(self, packed: list[_Run]) -> None:
        """Write it."""
        for offset, data in packed:
            self._output.write(offset, data)
            self._end = offset + len(data)

    def finish(self, virtual_size: int) -> int:
        """The image's size, which is the disk's."""
        return virtual_size
