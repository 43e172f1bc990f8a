"""Whatever stands in a table, its extents lie in the file and follow one another on the disk."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imageferry.imaging.formats import Format
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.readers.opening import open_reader
from support.extents import check_sound_or_refused
from support.images.vdi import vdi
from support.images.vhd import dynamic
from support.images.vhdx import vhdx

_MIB = 1024**2
_ENTRIES = 4

_IMAGES = {
    Format.VHD: dynamic(size=8 * _MIB - 512, entries=_ENTRIES),
    Format.VHDX: vhdx(size=32 * _MIB - 512),
    Format.VDI: vdi(size=4 * _MIB - 512),
}
_SIZES = {Format.VHD: 8 * _MIB - 512, Format.VHDX: 32 * _MIB - 512, Format.VDI: 4 * _MIB - 512}
_TABLES = {
    Format.VHD: (1536, struct.Struct(">4I"), 32),
    Format.VHDX: (3 * _MIB, struct.Struct("<4Q"), 64),
    Format.VDI: (512, struct.Struct("<4I"), 32),
}


@pytest.mark.parametrize("kind", _TABLES)
def test_extents_are_sound_or_refused(solid: Callable[..., Any], kind: Format) -> None:
    source = solid(_IMAGES[kind])
    reader = open_reader(source, Inspection(kind, "dynamic", _SIZES[kind]))
    place, table, bits = _TABLES[kind]
    entry = st.one_of(
        st.integers(0, 2**bits - 1),
        st.integers(0, 16),
        st.integers(0, 16).map(lambda mebibyte: mebibyte << 20 | 6),
        st.integers(2**bits - 4, 2**bits - 1),
    )

    @settings(max_examples=100, deadline=None)
    @given(entries=st.tuples(*[entry] * _ENTRIES))
    def holds(entries: tuple[int, ...]) -> None:
        source.put(place, table.pack(*entries))
        check_sound_or_refused(reader, source.size)

    holds()
