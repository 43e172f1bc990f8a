"""What ExportImage can write: a layout for each format and compression."""

from __future__ import annotations

from collections.abc import Mapping

from imageferry.imaging.writers import opening
from imageferry.imaging.writers.opening import Layout

LAYOUTS: Mapping[str, Mapping[str, Layout]] = {
    "raw": {"gzip": opening.RAW_TAR_GZ, "none": opening.RAW},
    "vhd": {"none": opening.VHD},
    "qcow2": {"none": opening.QCOW2, "zlib": opening.QCOW2_ZLIB, "zstd": opening.QCOW2_ZSTD},
    "vmdk": {"zlib": opening.VMDK},
    "vdi": {"none": opening.VDI},
}
"""For each format the layouts by their compression, the default first. The suffix of raw's default
is what Terraform deletes (CLIENTS.md 1.10)."""

COMPRESSIONS = tuple(dict.fromkeys(name for layouts in LAYOUTS.values() for name in layouts))


def find_layout(image_format: str, compression: str | None) -> Layout | None:
    """The layout for a format and a compression; ``None`` where the format has no such one."""
    layouts = LAYOUTS[image_format]
    return layouts.get(compression) if compression else next(iter(layouts.values()))
