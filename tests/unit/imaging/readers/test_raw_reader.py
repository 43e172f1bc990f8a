from __future__ import annotations

from collections.abc import Callable
from typing import Any

from imageferry.imaging.disk import Extent
from imageferry.imaging.formats import Format
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.readers.raw import RawReader


def raw(virtual_size: int) -> Inspection:
    return Inspection(Format.RAW, "flat", virtual_size)


def test_what_the_source_knows_to_be_zero_is_left_out(pieces: Callable[..., Any]) -> None:
    source = pieces({0: b"x" * 10, 4096: b"y" * 600}, 8192)
    reader = RawReader(source, raw(8192))
    assert reader.virtual_size == 8192
    assert list(reader.extents()) == [Extent(0, 10, 0, 10), Extent(4096, 600, 4096, 600)]
    assert source.reads == []


def test_extents_end_where_the_source_ends_within_a_sector(pieces: Callable[..., Any]) -> None:
    reader = RawReader(pieces({0: b"x" * 700}), raw(1024))
    assert list(reader.extents()) == [Extent(0, 700, 0, 700)]


def test_extents_end_where_the_disk_ends(pieces: Callable[..., Any]) -> None:
    reader = RawReader(pieces({0: b"x" * 700, 900: b"y"}, 1024), raw(512))
    assert list(reader.extents()) == [Extent(0, 512, 0, 512)]
