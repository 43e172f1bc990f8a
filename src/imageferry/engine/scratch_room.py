"""How much scratch a disk takes at the most, and who is told of it."""

from __future__ import annotations

from pathlib import Path

from imageferry.engine.ownership import Ownership
from imageferry.imaging.scratch import Scratch
from imageferry.tasks.model import DiskStatus

_TABLES_SHARE = 16
_TABLES_BYTES = 64 << 20


def for_a_layout(stored_size: int) -> int:
    """The most bytes that a disk of the catalogue takes in a layout whose head comes last.

    Args:
        stored_size: What it takes in the catalogue. Clusters that cannot be compressed are kept
            as they are, so only tables can come to it.
    """
    return stored_size + stored_size // _TABLES_SHARE + _TABLES_BYTES


def of_disk(folder: Path, ownership: Ownership, position: int) -> Scratch:
    """Scratch for one disk of a task, whose limit is told as its related item ``ScratchLimit``.

    Args:
        folder: Where its files are.
        ownership: The hold of the task.
        position: The disk.
    """

    def tell(most: int) -> None:
        ownership.record_disk(position, DiskStatus.PROCESSING, [("ScratchLimit", str(most))])

    return Scratch(folder, tell)
