"""Memory of a process that moves gigabytes through buffers of some MiB."""

from __future__ import annotations

import ctypes

_M_MMAP_THRESHOLD = -3
_LARGE_BYTES = 1 << 20


def return_large_buffers() -> None:
    """Have the C library give every large buffer back to the system as soon as it is freed.

    glibc takes the first freed buffers for a sign that it should keep more such ones, in the heap
    of each thread: with threads that pass buffers on to one another that is a hundred MiB and
    more that nobody uses, and that a worker keeps when its task is done. See mallopt(3). Another
    C library may not know the function, and needs no telling.
    """
    tell = getattr(ctypes.CDLL(None), "mallopt", None)
    if tell is not None:
        tell(_M_MMAP_THRESHOLD, _LARGE_BYTES)
