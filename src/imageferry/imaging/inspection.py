"""What an inspection finds out about a disk image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from imageferry.imaging.formats import Format


@dataclass(frozen=True)
class Inspection:
    """A disk image that was found fit to be read by qemu-img.

    Attributes:
        format: What the bytes are.
        subformat: The kind within the format, as ``dynamic`` or ``streamOptimized``.
        virtual_size: The size of the disk that a guest sees, in bytes, exactly as qemu
            presents it when it is given ``driver_options``.
        driver_options: Options of qemu's driver that make it read the image as we do.
        complete: Every entry of the image's tables was looked at. Where an image has more
            of them than an inspection may read, the rest is left to ``qemu-img check``.
        compressed: Data in the image is compressed.
    """

    format: Format
    subformat: str
    virtual_size: int
    driver_options: Mapping[str, str] = field(default_factory=dict)
    complete: bool = True
    compressed: bool = False
