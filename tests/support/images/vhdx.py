"""VHDXs."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from uuid import UUID

from imageferry.imaging.inspectors.crc32c import crc32c

KIB = 1024
MIB = 1024**2
TABLE = UUID("2DC27766-F623-4200-9D64-115E9BFD4A08").bytes_le
METADATA = UUID("8B7CA206-4790-4B9A-B8FE-575F050F886E").bytes_le
PARAMETERS = UUID("CAA16737-FA36-4D43-B3B6-33F0AA44E76B").bytes_le
SIZE = UUID("2FA54224-CD1B-4876-B211-5DBED83BF4B8").bytes_le
SECTOR = UUID("8141BF1D-A96F-4709-BA47-F233A8FAAB5F").bytes_le
PARENT = UUID("A8D35F2D-B30B-454D-ABF7-D3D84834AB0C").bytes_le
PRESENT = 6


def _sum(data: bytes) -> bytes:
    return data[:4] + struct.pack("<I", crc32c(data)) + data[8:]


def header(*, log: bytes = bytes(16), version: int = 1, sequence: int = 1) -> bytes:
    fields = struct.pack(
        "<4sIQ16s16s16sHHIQ", b"head", 0, sequence, b"", b"", log, 0, version, MIB, MIB
    )
    return _sum(fields.ljust(4 * KIB, b"\0"))


def region_table(*regions: tuple[bytes, int, int, int], count: int | None = None) -> bytes:
    entries = b"".join(struct.pack("<16sQII", *region) for region in regions)
    start = struct.pack("<4sIII", b"regi", 0, len(regions) if count is None else count, 0)
    return _sum((start + entries).ljust(64 * KIB, b"\0"))


def metadata(items: Sequence[tuple[bytes, bytes, int]], mark: bytes = b"metadata") -> bytes:
    entries, values = b"", b""
    for name, value, flags in items:
        entries += struct.pack("<16sIIII", name, 64 * KIB + len(values), len(value), flags, 0)
        values += value
    start = struct.pack("<8sHH20s", mark, 0, len(items), b"")
    return (start + entries).ljust(64 * KIB, b"\0") + values


def vhdx(
    *,
    headers: Sequence[bytes] = (header(), header()),
    regions: Sequence[tuple[bytes, int, int, int]] = (
        (TABLE, 3 * MIB, MIB, 1),
        (METADATA, 2 * MIB, MIB, 1),
    ),
    block: int = 8 * MIB,
    flags: int = 0,
    size: int = 32 * MIB,
    sector: int = 512,
    extra: Sequence[tuple[bytes, bytes, int]] = (),
    mark: bytes = b"metadata",
    table: Sequence[int] = (4 << 20 | PRESENT, 0, 2, 3),
) -> dict[int, bytes]:
    items = [
        (PARAMETERS, struct.pack("<II", block, flags), 4),
        (SIZE, struct.pack("<Q", size), 6),
        (SECTOR, struct.pack("<I", sector), 6),
        *extra,
    ]
    return {
        0: b"vhdxfile",
        64 * KIB: headers[0],
        128 * KIB: headers[1],
        192 * KIB: region_table(*regions),
        2 * MIB: metadata(items, mark),
        3 * MIB: struct.pack(f"<{len(table)}Q", *table),
        12 * MIB - 1: b"\0",
    }
