from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from imageferry.imaging.errors import INSUFFICIENT_SPACE, ImageError
from imageferry.imaging.scratch import Scratch

_GIB = 1 << 30


def test_what_is_claimed_is_added_up_and_told(tmp_path: Path) -> None:
    told: list[int] = []
    scratch = Scratch(tmp_path, told.append)
    scratch.claim(100)
    assert scratch.claim_at_most(20) == 20
    assert told == [100, 120]


def test_what_does_not_fit_is_refused_with_both_sizes_and_not_told(tmp_path: Path) -> None:
    told: list[int] = []
    free = shutil.disk_usage(tmp_path).free

    with pytest.raises(ImageError, match=r"needs up to \d+ bytes .* which has \d+ free") as caught:
        Scratch(tmp_path, told.append).claim(free + 1024 * _GIB)

    assert caught.value.kind is INSUFFICIENT_SPACE
    assert told == []


def test_work_of_unknown_size_leaves_room_to_others(tmp_path: Path) -> None:
    total = shutil.disk_usage(tmp_path).total
    told: list[int] = []
    granted = Scratch(tmp_path, told.append).claim_at_most(1 << 60)
    assert 0 < granted < total
    assert told == [granted]


def test_what_is_there_already_needs_no_room(tmp_path: Path) -> None:
    told: list[int] = []
    most = shutil.disk_usage(tmp_path).free + 1024 * _GIB

    Scratch(tmp_path, told.append).claim(most, taken=1024 * _GIB + _GIB)

    assert told == [most]
