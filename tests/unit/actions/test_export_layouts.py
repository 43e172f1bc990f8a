"""What ExportImage can write."""

from __future__ import annotations

import pytest

from imageferry.actions.export_layouts import COMPRESSIONS, LAYOUTS, find_layout
from imageferry.imaging.writers import opening
from imageferry.imaging.writers.opening import Layout


@pytest.mark.parametrize(
    ("image_format", "compression", "layout"),
    [
        ("raw", None, opening.RAW_TAR_GZ),
        ("raw", "none", opening.RAW),
        ("qcow2", None, opening.QCOW2),
        ("qcow2", "zlib", opening.QCOW2_ZLIB),
        ("qcow2", "zstd", opening.QCOW2_ZSTD),
        ("vmdk", None, opening.VMDK),
        ("vmdk", "none", None),
        ("vhd", "gzip", None),
        ("vdi", "none", opening.VDI),
    ],
)
def test_the_layout_of_a_format_and_a_compression(
    image_format: str, compression: str | None, layout: Layout | None
) -> None:
    assert find_layout(image_format, compression) is layout


def test_every_layout_can_be_asked_for_once() -> None:
    offered = [layout for layouts in LAYOUTS.values() for layout in layouts.values()]

    assert len(offered) == len(opening.LAYOUTS)
    assert set(map(id, offered)) == set(map(id, opening.LAYOUTS))
    assert set(COMPRESSIONS) == {"none", "gzip", "zlib", "zstd"}
