"""The places of a disk's data within an image's file.

A sound image keeps every part of the disk at a place of its own. One in which many
parts share a place unpacks to far more data than the file holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from imageferry.imaging.errors import CORRUPT, TRUNCATED

TABLE_BYTES = 4 * 1024 * 1024
"""Bytes of allocation tables that one inspection looks at: 32 GiB of data in a usual qcow2."""


def check_extents(
    offsets: Sequence[int], length: int, file_size: int, *, last_may_be_short: bool = False
) -> None:
    """Make sure that extents lie within the file and apart from each other.

    Args:
        offsets: Where the extents start, in bytes, in any order.
        length: How long each is, in bytes.
        file_size: The size of the file, in bytes.
        last_may_be_short: The last one may reach over the file's end, as formats with small
            extents do not fill up the one in which the disk ends.

    Raises:
        ImageError: one lies outside of the file, or two overlap.
    """
    ordered = sorted(offsets)
    needed = 1 if last_may_be_short else length
    if ordered and ordered[-1] + needed > file_size:
        raise TRUNCATED.error(
            f"The image has {file_size} bytes, but keeps data at byte {ordered[-1]}."
        )
    for earlier, later in pairwise(ordered):
        if later - earlier < length:
            raise CORRUPT.error(f"Several parts of the disk share the data at byte {later}.")
