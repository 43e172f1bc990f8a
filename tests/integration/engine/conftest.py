"""Real stores, a real database, real qemu-img, and no processes of the service."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.ferry import Ferry
from support.rows import Rows, database, empty_database, rows

__all__ = ["database", "empty_database", "ferry", "rows"]

MIB = 1 << 20


@pytest.fixture
def ferry(tmp_path: Path, rows: Rows) -> Ferry:
    """An installation of the test's own."""
    return Ferry(tmp_path / "data", rows)
