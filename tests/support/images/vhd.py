"""VHDs."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

MIB = 1024**2
BLOCK = 2 * MIB
FREE = 0xFFFFFFFF


def _with_checksum(data: bytes, position: int) -> bytes:
    checksum = ~sum(data) & 0xFFFFFFFF
    return data[:position] + struct.pack(">I", checksum) + data[position + 4 :]


def footer(
    *,
    kind: int = 3,
    size: int = 4 * MIB,
    creator: bytes = b"win ",
    geometry: tuple[int, int, int] = (120, 4, 17),
    data_offset: int = 512,
) -> bytes:
    data = struct.pack(
        ">8sIIQI4sIIQQHBBII", b"conectix", 2, 0x10000, data_offset, 0, creator, 0x50003, 0,
        size, size, *geometry, kind, 0,
    )  # fmt: skip
    return _with_checksum(data.ljust(512, b"\0"), 64)


def dynamic(
    *,
    entries: int = 2,
    block_size: int = BLOCK,
    table: Sequence[int] = (4, FREE),
    tail: bytes | None = None,
    mark: bytes = b"cxsparse",
    **fields: Any,
) -> dict[int, bytes]:
    """Copy of the footer, header, table at 1536, a block at 2048, footer."""
    header = struct.pack(">8sQQIIII", mark, 2**64 - 1, 1536, 0x10000, entries, block_size, 0).ljust(
        1024, b"\0"
    )
    return {
        0: footer(**fields),
        512: _with_checksum(header, 36),
        1536: struct.pack(f">{len(table)}I", *table),
        2048 + 512 + BLOCK: footer(**fields) if tail is None else tail,
    }
