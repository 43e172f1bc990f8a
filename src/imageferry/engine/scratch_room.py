"""Room for files of scratch, looked for before the first byte is written."""

from __future__ import annotations

import shutil
from pathlib import Path

from imageferry.imaging.errors import INSUFFICIENT_SPACE

_TABLES_SHARE = 16
_TABLES_BYTES = 64 << 20


def for_a_layout(stored_size: int) -> int:
    """The most bytes that a disk of the catalogue takes in a layout whose head comes last.

    Args:
        stored_size: What it takes in the catalogue. Clusters that cannot be compressed are kept
            as they are, so only tables can come to it.
    """
    return stored_size + stored_size // _TABLES_SHARE + _TABLES_BYTES


def check(folder: Path, size: int) -> None:
    """Make sure that a file of scratch has room.

    Args:
        folder: Where it is to be.
        size: The most bytes that it takes.

    Raises:
        ImageError: it has none.
    """
    free = shutil.disk_usage(folder).free
    if free < size:
        raise INSUFFICIENT_SPACE.error(
            f"The task needs up to {size} bytes of scratch in the data folder, which has {free}."
        )
