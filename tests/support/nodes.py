"""Images in files, as qemu-img is to open them beside our own readers."""

from __future__ import annotations

from pathlib import Path

from imageferry.imaging.inspection import Inspection
from imageferry.imaging.qemu_img import ImageNode


def node_of_file(inspection: Inspection, path: Path) -> ImageNode:
    """An image in a local file, whose path has no comma."""
    place = {"file.driver": "file", "file.filename": str(path)}
    options = {"driver": inspection.format.driver, **inspection.driver_options, **place}
    return ImageNode(",".join(f"{name}={value}" for name, value in options.items()))
