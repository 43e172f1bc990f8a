"""Which parts of data hold more than zeros."""

from __future__ import annotations

from collections.abc import Iterator

GRANULE = 64 * 1024
"""The smallest run of zeros that is left out, in bytes: a cluster of qcow2."""

_ZEROS = bytes(GRANULE)


def is_zero(data: bytes | bytearray | memoryview) -> bool:
    """Whether data holds nothing but zeros. If not, that mostly shows at its beginning."""
    view = memoryview(data)
    return all(
        bytes(view[offset : offset + GRANULE]) == _ZEROS[: len(view) - offset]
        for offset in range(0, len(view), GRANULE)
    )


def data_runs(data: memoryview) -> Iterator[tuple[int, int]]:
    """The runs of granules that are not all zero, as beginning and end, in order."""
    start = -1
    for offset in range(0, len(data), GRANULE):
        if bytes(data[offset : offset + GRANULE]) == _ZEROS[: len(data) - offset]:
            if start >= 0:
                yield start, offset
            start = -1
        elif start < 0:
            start = offset
    if start >= 0:
        yield start, len(data)
