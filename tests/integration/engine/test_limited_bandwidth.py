"""All that a task moves from and to folders waits for its turn, what it compares included."""

from __future__ import annotations

import pytest

from imageferry.buckets import bandwidth
from imageferry.buckets.bandwidth import Bandwidth
from imageferry.buckets.interruption import Interruption
from imageferry.tasks.model import TaskStatus
from support.disks import DISK
from support.ferry import Ferry

DATA = 2 * 2**20
"""The bytes of the disk that are not zero."""


class Counted(Bandwidth):
    """A limit that nobody has to wait for, and that tells how many bytes have passed."""

    def __init__(self) -> None:
        super().__init__()
        self._passed = 0

    def let_pass(self, size: int, _interruption: Interruption) -> None:
        self._passed += size

    def taken(self) -> int:
        """How many bytes have passed since it was asked last."""
        passed, self._passed = self._passed, 0
        return passed


def test_every_byte_that_a_task_moves_waits_for_its_turn(
    ferry: Ferry, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counted()
    monkeypatch.setattr(bandwidth, "PROCESS", counted)
    ferry.compare_fully()
    ferry.bucket.put("system.raw", [DISK])
    image_id, task_id = ferry.import_image("system.raw")
    counted.taken()

    assert ferry.run(task_id).status is TaskStatus.FINISHED
    # Read and written, then both read by qemu-img.
    assert counted.taken() >= 4 * DATA
    copy_id, task_id = ferry.copy_image(image_id)
    assert ferry.run(task_id).status is TaskStatus.FINISHED
    assert counted.taken() >= 4 * DATA
    task_id = ferry.export_image(copy_id, "raw", "none")
    assert ferry.run(task_id).status is TaskStatus.FINISHED
    assert counted.taken() >= 3 * DATA
