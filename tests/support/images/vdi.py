"""VDIs."""

from __future__ import annotations

import struct
from collections.abc import Sequence

MIB = 1024**2
FREE = 0xFFFFFFFF
DISCARDED = 0xFFFFFFFE


def vdi(
    *,
    version: int = 0x10001,
    kind: int = 1,
    table_offset: int = 512,
    data_offset: int = MIB,
    sector: int = 512,
    size: int = 4 * MIB,
    block: int = MIB,
    extra: int = 0,
    blocks: int = 4,
    link: bytes = bytes(16),
    parent: bytes = bytes(16),
    table: Sequence[int] = (0, FREE, 1, DISCARDED),
) -> dict[int, bytes]:
    header = struct.pack(
        "<64sIIIII256sIIIIIIIQIIII16s16s16s16s", b"<<< VDI >>>", 0xBEDA107F, version, 400, kind,
        0, b"", table_offset, data_offset, 0, 0, 0, sector, 0, size, block, extra, blocks, 2,
        bytes(16), bytes(16), link, parent,
    )  # fmt: skip
    return {0: header, 512: struct.pack(f"<{len(table)}I", *table), 3 * MIB - 1: b"\0"}
