"""Real stores, a real database, real qemu-img, and no processes of the service."""

from __future__ import annotations

from pathlib import Path

import pytest

from imageferry.tasks.model import TaskStatus
from support.disks import DATA, DISK
from support.ferry import Ferry
from support.rows import Rows, database, empty_database, rows

__all__ = ["database", "empty_database", "ferry", "rows"]


@pytest.fixture
def ferry(tmp_path: Path, rows: Rows) -> Ferry:
    """An installation of the test's own."""
    return Ferry(tmp_path / "data", rows)


@pytest.fixture
def image_id(ferry: Ferry) -> str:
    """An image of two disks."""
    ferry.bucket.put("system.raw", [DISK])
    ferry.bucket.put("data.raw", [DATA])
    image_id, task_id = ferry.import_image("system.raw", "data.raw")
    assert ferry.run(task_id).status is TaskStatus.FINISHED
    return image_id
