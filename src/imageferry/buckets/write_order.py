"""Content that reaches the disk before its name, without a wait for the file system's journal.

``fsync`` waits until the journal is written, together with whatever else the
machine has done; on a busy disk that takes milliseconds. Where the file system
records all changes of names, sizes and attributes in order, a file is whole under
its name, or not there, after a power cut too, if only its bytes and the place of
each are settled before it is renamed. Then a rename may be lost with the last
seconds, and nothing else.

The kernel's ``sync_file_range`` waits for just that. In general it promises less:
https://man7.org/linux/man-pages/man2/sync_file_range.2.html. But ext4 and XFS end
the write-back of a page only after they have entered its place, and the file's new
size, into the journal.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from functools import cache

_EXT4_MAGIC = 0xEF53
_XFS_MAGIC = 0x58465342
_IN_ORDER = frozenset({_EXT4_MAGIC, _XFS_MAGIC})
_STATFS_BYTES = 256
_WAIT_BEFORE_WRITE_WAIT_AFTER = 1 | 2 | 4


def settle(fd: int) -> None:
    """Bring an open file's bytes to the disk before whatever happens to its names after this.

    Raises:
        OSError: they could not be written.
    """
    write_back = _write_back()
    if write_back is None or not _is_in_order(fd):
        os.fsync(fd)
    elif write_back(fd, 0, 0, _WAIT_BEFORE_WRITE_WAIT_AFTER):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


@cache
def _write_back() -> Callable[[int, int, int, int], int] | None:
    """The kernel's call, if this system has it."""
    try:
        function = _libc().sync_file_range
    except AttributeError:
        return None
    function.restype = ctypes.c_int
    function.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint]
    return function


def _is_in_order(fd: int) -> bool:
    """Whether the file system is one that keeps the order. Where it is unknown, it is not."""
    found = ctypes.create_string_buffer(_STATFS_BYTES)
    if _libc().fstatfs(fd, found):
        return False
    # The first field of the structure is the kind, a long of the machine.
    return ctypes.c_long.from_buffer(found).value in _IN_ORDER
