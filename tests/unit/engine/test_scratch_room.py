from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from imageferry.engine import scratch_room
from imageferry.imaging.errors import INSUFFICIENT_SPACE, ImageError

GIB = 1 << 30


def test_there_is_room_for_what_fits(tmp_path: Path) -> None:
    scratch_room.check(tmp_path, 0)


def test_what_does_not_fit_is_refused_with_both_sizes(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free

    with pytest.raises(ImageError, match=r"needs up to \d+ bytes .* which has \d+\.") as caught:
        scratch_room.check(tmp_path, free + 1024 * GIB)

    assert caught.value.kind is INSUFFICIENT_SPACE


def test_a_disk_that_cannot_be_compressed_has_room_for_its_tables() -> None:
    assert scratch_room.for_a_layout(100 * GIB) > 106 * GIB
    assert scratch_room.for_a_layout(0) > 0
