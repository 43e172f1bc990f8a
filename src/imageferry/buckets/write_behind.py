"""Write to a file while the next pieces are being made, and read each again from the disk."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor

from isal import isal_zlib

from imageferry.buckets.interface import DamagedError
from imageferry.buckets.past_cache import SMALLEST, PastCache

_THREADS = 2
"""While one piece is on its way to the disk, another is on its way back, or compared."""

_UNDER_WAY = 4
"""Pieces that were put and are not yet compared: each is some MiB of memory."""


class WriteBehind:
    """Writes each byte once, and compares the checksum of every piece with that of the disk.

    It costs no second pass: the disk is read while the next pieces are being made. Small
    pieces, which are tables, go through the kernel's cache and are not read again here.

    Args:
        fd: The file; it stays open until this is closed.
    """

    def __init__(self, fd: int) -> None:
        self._pieces = PastCache(fd, os.O_RDWR)
        self._threads = ThreadPoolExecutor(_THREADS)
        self._under_way: deque[Future[None]] = deque()

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Put bytes at a place; they are not to change afterwards.

        Raises:
            DamagedError: an earlier piece is not there any more.
            OSError: this or an earlier one cannot be stored.
        """
        if len(data) < SMALLEST:
            self._pieces.write(offset, data)
            return
        while len(self._under_way) >= _UNDER_WAY:
            # One that has failed stays the first: whatever comes after it fails too.
            self._under_way[0].result()
            self._under_way.popleft()
        self._under_way.append(self._threads.submit(self._store, offset, data))

    def catch_up(self) -> None:
        """Wait for all that was put up to now; any thread, while more is put.

        Raises:
            DamagedError: the disk gives back something else.
            OSError: something cannot be stored, or the disk gives back nothing.
        """
        for piece in self._under_way.copy():
            piece.result()

    def close(self) -> None:
        """Write no more. Closing twice does no harm."""
        self._threads.shutdown(cancel_futures=True)
        self._pieces.close()

    def _store(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        expected = isal_zlib.crc32(data)
        self._pieces.write(offset, data)
        found = 0
        for piece in self._pieces.read(offset, len(data)):
            found = isal_zlib.crc32(piece, found)
        if found != expected:
            raise DamagedError(
                f"the disk gives back other bytes than were written to it: their checksum at byte "
                f"{offset} is {found:08x}, not {expected:08x}"
            )
