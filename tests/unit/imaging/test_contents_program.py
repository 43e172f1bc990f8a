from __future__ import annotations

import io

import pytest

from imageferry.imaging.contents.facts import DiskFacts
from imageferry.imaging.contents.program import examine


class FailingDisk(io.BytesIO):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def read(self, size: int | None = -1, /) -> bytes:
        raise self._error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError("The connection ended."), "The connection ended"),
        (MemoryError(), "it needs more memory than the checks may use"),
        (RecursionError(), "RecursionError"),
    ],
)
def test_what_cannot_be_read_is_noted(error: Exception, reason: str) -> None:
    told: list[DiskFacts] = []

    examine(FailingDisk(error), 1 << 20, told.append)

    assert told[-1] == DiskFacts(problems=[f"the partition table: {reason}"], complete=True)
