"""The size that parts of an upload must have."""

from __future__ import annotations

from collections.abc import Sequence

from imageferry.buckets.interface import PartInfo, PartTooSmallError


def check_sizes(parts: Sequence[PartInfo], least: int) -> None:
    """Refuse parts that are too small, the last of which is not.

    Args:
        parts: The parts of an object, in order.
        least: The bytes that each must have, but for the last.

    Raises:
        PartTooSmallError: one has less.
    """
    for part in parts[:-1]:
        if part.size < least:
            raise PartTooSmallError(part.number, part.size, least)
