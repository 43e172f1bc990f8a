"""A raw disk: its bytes as they are, zeros left out."""

from __future__ import annotations

from imageferry.imaging.disk import Output
from imageferry.imaging.zeros import data_runs

_Run = tuple[int, memoryview]


class RawWriter:
    """Writes a raw disk.

    Args:
        output: Where to.
    """

    def __init__(self, output: Output) -> None:
        self._output = output

    def pack(self, offset: int, data: bytes | bytearray | memoryview) -> list[_Run]:
        """Find what of a block is not zero."""
        view = memoryview(data)
        return [(offset + start, view[start:end]) for start, end in data_runs(view)]

    def append(self, packed: list[_Run]) -> None:
        """Write it."""
        for offset, data in packed:
            self._output.write(offset, data)

    def finish(self, virtual_size: int) -> int:
        """The image's size, which is the disk's."""
        return virtual_size
