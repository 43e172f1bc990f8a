"""Memory of a process that moves gigabytes through buffers of some MiB."""

from __future__ import annotations

import ctypes
import os
import threading
import time
from pathlib import Path

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8

_LARGE_BYTES = 32 << 20
_KEPT_BYTES = 64 << 20

TRIMMED_BYTES = 480 << 20
"""What a worker may have in memory before what its buffers have left is given back."""

LOOK_SECONDS = 0.05
"""How often that is looked at: a transfer goes through some hundred MiB meanwhile."""

_STATUS = Path("/proc/self/statm")
_STATUS_BYTES = 128


def reuse_large_buffers() -> None:
    """Have the C library keep the memory of large buffers for the next ones, within bounds.

    By itself glibc gives every thread a heap of its own, in each of which freed buffers pile up:
    with threads that pass buffers on to one another that is a hundred MiB and more that nobody
    uses. Giving each buffer back as it is freed costs more than all else that is done with it: a
    third of the processor time of an import, because each page of the next one has to be found,
    cleared, and made known to the other processors. So there is one heap, and what lies free in
    it is given back when the process has become large. See mallopt(3) and malloc_trim(3); another
    C library may know neither, and needs no telling.
    """
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallopt") or not hasattr(library, "malloc_trim"):
        return
    library.mallopt(_M_ARENA_MAX, 1)
    library.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
    library.mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
    threading.Thread(target=_give_back, args=(library,), daemon=True).start()


def _give_back(library: ctypes.CDLL) -> None:
    # Opened once: looking so often took a sixth of what a worker without a task used.
    status = os.open(_STATUS, os.O_RDONLY)
    while True:
        time.sleep(LOOK_SECONDS)
        if _resident_bytes(status) > TRIMMED_BYTES:
            library.malloc_trim(0)


def _resident_bytes(status: int) -> int:
    return int(os.pread(status, _STATUS_BYTES, 0).split()[1]) * os.sysconf("SC_PAGE_SIZE")
