"""Room for what memory cannot hold: looked for, and told, before the first byte is written."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from imageferry.imaging.errors import INSUFFICIENT_SPACE

_KEPT_FREE = 16
"""Work whose size shows at its end only leaves a sixteenth of the room to everybody else."""


def _nobody(_most: int) -> None:
    """Whoever does not want to know the limit."""


class Scratch:
    """A folder for one piece of work, which claims what it will take of it at the most.

    Args:
        folder: Where its files are.
        tell: Gets the most bytes that all files together take, each time that more is claimed.
    """

    def __init__(self, folder: Path, tell: Callable[[int], None] = _nobody) -> None:
        self.folder = folder
        self._tell = tell
        self._claimed = 0

    def claim(self, most: int, taken: int = 0) -> None:
        """Make sure that there is room for so many bytes more.

        Args:
            most: The bytes.
            taken: How many of them are there already, of work that is gone on with.

        Raises:
            ImageError: there is none.
        """
        free = self._free + taken
        if free < most:
            raise INSUFFICIENT_SPACE.error(
                f"The task needs up to {most} bytes of scratch in the data folder, which has {free}"
                " free."
            )
        self._claim(most)

    def claim_at_most(self, most: int) -> int:
        """Take as many of so many bytes as there is room for: how many nobody knows beforehand.

        Returns:
            Where to stop, in bytes.
        """
        free = self._free
        granted = min(most, free - free // _KEPT_FREE)
        self._claim(granted)
        return granted

    @property
    def _free(self) -> int:
        return shutil.disk_usage(self.folder).free

    def _claim(self, size: int) -> None:
        self._claimed += size
        self._tell(self._claimed)
