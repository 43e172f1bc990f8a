"""VMDK images made by hand."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

SECTOR = 512
AT_END = 2**64 - 1
STREAM = 1 << 16 | 1 << 17


def descriptor(
    *,
    kind: str = "monolithicSparse",
    parent: str = "ffffffff",
    extent: str = 'RW 2048 SPARSE "disk.vmdk"',
    more: str = "",
) -> bytes:
    return (
        f"# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID={parent}\n"
        f'createType="{kind}"\n\n# Extent description\n{extent}\n\n'
        f'# The Disk Data Base\n#DDB\n\nddb.virtualHWVersion = "4"\n'
        f'ddb.geometry.cylinders = "2"\n{more}'
    ).encode()


def header(
    *,
    version: int = 1,
    flags: int = 3,
    capacity: int = 2048,
    grain: int = 128,
    descriptor_at: int = 1,
    descriptor_sectors: int = 20,
    entries: int = 512,
    directory: int = 26,
    newlines: bytes = b"\n \r\n",
    compression: int = 0,
) -> bytes:
    return struct.pack(
        "<4sIIQQQQIQQQB4sH", b"KDMV", version, flags, capacity, grain, descriptor_at,
        descriptor_sectors, entries, 21, directory, 128, 0, newlines, compression,
    ).ljust(512, b"\0")  # fmt: skip


def vmdk(
    text: bytes | None = None, table: Sequence[int] = (128, 0), **fields: Any
) -> dict[int, bytes]:
    """Header, descriptor at sector 1, directory at 26, table at 27, two grains from 128."""
    return {
        0: header(**fields),
        SECTOR: descriptor() if text is None else text,
        26 * SECTOR: struct.pack("<I", 27),
        27 * SECTOR: struct.pack(f"<{len(table)}I", *table),
        384 * SECTOR - 1: b"\0",
    }


def stream_optimized(**fields: Any) -> dict[int, bytes]:
    fields = {"version": 3, "flags": 3 | STREAM, "compression": 1} | fields
    return vmdk(descriptor(kind="streamOptimized"), **fields)
