"""The disk that is measured with: partly data, mostly holes, as a virtual machine's is."""

from __future__ import annotations

import os
import random
from pathlib import Path

MIB = 2**20
EXTENT = 16 * MIB
"""Data comes in extents of this size, spread evenly over the disk."""


def make_raw_disk(path: Path, *, virtual_size: int, data_size: int, seed: int = 1) -> None:
    """Write a sparse raw disk.

    Args:
        path: The file to write.
        virtual_size: Its size in bytes.
        data_size: The bytes of it that are data; half of them can be compressed.
        seed: Makes the same disk every time.
    """
    rng = random.Random(seed)
    extents = data_size // EXTENT
    with path.open("wb") as file:
        file.truncate(virtual_size)
        for number in range(extents):
            file.seek(number * (virtual_size // extents) // MIB * MIB)
            for _ in range(EXTENT // MIB // 2):
                file.write(rng.randbytes(MIB))
                file.write(rng.randbytes(MIB // 16) * 16)
        file.flush()
        os.fsync(file.fileno())
