"""Where the unpacking of a compressed file can begin again: at a member of gzip, a frame of zstd.

Within these neither library can begin. Of an xz file the indexes tell more; see
:mod:`imageferry.imaging.packaging.xz_index`.
"""

from __future__ import annotations

from collections import deque

from imageferry.imaging.checkpoint import Restart
from imageferry.imaging.disk import BLOCK_SIZE

_MOST_NOTED = 1024


class Restarts:
    """The places at which members or frames of a file begin, for two threads.

    One notes them while it unpacks the file, the other asks for those that are far behind.

    Args:
        begun: Where it has begun itself.
    """

    def __init__(self, begun: Restart) -> None:
        self._newest = self._passed = begun
        # Without checkpoints nobody ever asks.
        self._noted: deque[Restart] = deque(maxlen=_MOST_NOTED)

    def note(self, restart: Restart) -> None:
        """Note a place, unless the last one is so close before it that it is as good."""
        if restart.position >= self._newest.position + BLOCK_SIZE:
            self._newest = restart
            self._noted.append(restart)

    def before(self, position: int) -> Restart:
        """The last place behind which a position lies, which is not less than any before."""
        while self._noted and self._noted[0].position <= position:
            self._passed = self._noted.popleft()
        return self._passed
