"""qcow2 images made by hand."""

from __future__ import annotations

import struct
from collections.abc import Sequence

CLUSTER = 65536
COPIED = 1 << 63
PACKED = 1 << 62
ZERO = 1


def qcow2(
    *,
    version: int = 3,
    backing: int = 0,
    cluster_bits: int = 16,
    size: int = 1 << 20,
    encryption: int = 0,
    l1_size: int = 1,
    l1_offset: int = 3 * CLUSTER,
    features: int = 0,
    header_length: int = 104,
    compression_type: int = 0,
    extensions: bytes = b"",
    l1: Sequence[int] = (4 * CLUSTER | COPIED,),
    l2: Sequence[int] = (5 * CLUSTER | COPIED,),
) -> dict[int, bytes]:
    """An image of six clusters: header, refcounts, L1, L2, data."""
    header = struct.pack(
        ">4sIQIIQIIQQIIQ", b"QFI\xfb", version, backing, 8, cluster_bits, size, encryption,
        l1_size, l1_offset, CLUSTER, 1, 0, 0,
    )  # fmt: skip
    header += struct.pack(">QQQII", features, 0, 0, 4, header_length)
    if header_length > 104:
        header += bytes([compression_type])
    header = header.ljust(header_length, b"\0") + extensions
    return {
        0: header,
        l1_offset: struct.pack(f">{len(l1)}Q", *l1),
        4 * CLUSTER: struct.pack(f">{len(l2)}Q", *l2).ljust(CLUSTER, b"\0"),
        5 * CLUSTER: bytes(CLUSTER),
    }
