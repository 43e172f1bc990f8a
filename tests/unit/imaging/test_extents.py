from __future__ import annotations

import pytest

from imageferry.imaging.errors import ImageError
from imageferry.imaging.inspectors.extents import check_extents


def test_extents_may_touch_each_other_and_the_end() -> None:
    check_extents([200, 0, 100], 100, file_size=300)
    check_extents([200, 0, 100], 100, file_size=201, last_may_be_short=True)
    check_extents([], 100, file_size=0)


def test_shared_extents_are_refused() -> None:
    with pytest.raises(ImageError, match="share the data at byte 199") as caught:
        check_extents([199, 100], 100, file_size=1000)
    assert caught.value.code == "InvalidImageFormat.Corrupt"


@pytest.mark.parametrize(("short", "size"), [(False, 399), (True, 300)])
def test_an_extent_behind_the_end_is_refused(short: bool, size: int) -> None:
    with pytest.raises(ImageError, match="bytes, but keeps data at byte 300") as caught:
        check_extents([0, 300], 100, file_size=size, last_may_be_short=short)
    assert caught.value.code == "InvalidImageFormat.Truncated"
