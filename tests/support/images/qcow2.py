"""qcow2 images made by hand."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from random import Random

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


def scattered(*, clusters: int, seed: int) -> tuple[int, dict[int, bytes]]:
    """A disk full of data whose clusters lie in the image in a random order.

    Returns the image's size in bytes and its pieces; the number of each cluster on the disk
    stands in it again and again.
    """
    tables = -(-clusters * 8 // CLUSTER)
    first = 4 + tables
    order = list(range(first, first + clusters))
    Random(seed).shuffle(order)
    entries = struct.pack(f">{clusters}Q", *(place * CLUSTER | COPIED for place in order))
    pieces = qcow2(
        size=clusters * CLUSTER,
        l1_size=tables,
        l1=[(4 + number) * CLUSTER | COPIED for number in range(tables)],
    )
    pieces = {0: pieces[0], 3 * CLUSTER: pieces[3 * CLUSTER], 4 * CLUSTER: entries}
    for number, place in enumerate(order):
        pieces[place * CLUSTER] = struct.pack(">Q", number + 1) * (CLUSTER // 8)
    return (first + clusters) * CLUSTER, pieces
