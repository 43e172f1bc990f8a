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
        _ZEROS.startswith(view[offset : offset + GRANULE])
        for offset in range(0, len(view), GRANULE)
    )


def data_runs(data: memoryview) -> Iterator[tuple[int, int]]:
    """The runs of granules that are not all zero, as beginning and end, in order."""
    start = -1
    for offset in range(0, len(data), GRANULE):
        # Compares without a copy, and stops at the first byte that is another one.
        if _ZEROS.startswith(data[offset : offset + GRANULE]):
            if start >= 0:
                yield start, offset
            start = -1
        elif start < 0:
            start = offset
    if start >= 0:
        yield start, len(data)
