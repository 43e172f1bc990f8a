from __future__ import annotations

import tracemalloc

import pytest

from imageferry.imaging.errors import ImageError
from imageferry.imaging.writers.opening import LAYOUTS, VDI, VHD, Layout
from imageferry.imaging.writers.vhd import LARGEST_SIZE
from support.written import AnyOrderOutput, ForgetfulOutput, planned, write_pieces

_MIB = 1024 * 1024
_TIB = 1024 * 1024 * _MIB

_each = pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)


def test_each_layout_has_a_name_of_its_own() -> None:
    assert len({layout.name for layout in LAYOUTS}) == len(LAYOUTS)


@_each
def test_a_layout_is_written_in_order_or_its_head_is_written_last(layout: Layout) -> None:
    output = AnyOrderOutput()
    pieces = {at * _MIB: b"data" * 20_000 for at in (0, 3, 40, 70)}
    write_pieces(layout, output, 100 * _MIB, pieces)
    places = output.places
    late = [place for place, before in zip(places[1:], places, strict=False) if place < before]
    assert late == ([] if layout.in_order else [0])
    assert all(place == 0 or place >= layout.head_size for place in places)


@pytest.mark.parametrize("layout", [VHD, VDI], ids=lambda layout: layout.name)
def test_a_disk_that_is_too_large_is_refused(layout: Layout) -> None:
    size = (layout.largest_size or 0) + 512
    with pytest.raises(ImageError, match=f"{size} bytes; a {layout.format.ecs_name}") as caught:
        layout.open(ForgetfulOutput(), planned(size, {}))
    assert caught.value.code == "InvalidImageSize.FormatLimit"


@_each
def test_a_huge_disk_costs_its_data(layout: Layout) -> None:
    size = LARGEST_SIZE if layout is VHD else 2 * _TIB
    pieces = {0: b"boot", size // 2 - 1: b"m", size - 512: b"end"}
    output = ForgetfulOutput()
    tracemalloc.start()
    try:
        write_pieces(layout, output, size, pieces)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 * _MIB
