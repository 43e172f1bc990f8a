"""Read again, from the disk itself, what has just been written to a file."""

from __future__ import annotations

import os
import queue
import threading

from isal import isal_zlib

from imageferry.buckets.interface import DamagedError
from imageferry.buckets.past_cache import SMALLEST, PastCache

_PIECES_BEHIND = 64
"""How far the writer may be ahead; of each piece only its checksum is kept."""

_Piece = tuple[int, int, int]


class ReadBehind:
    """Follows a writer that writes each byte once, and compares the checksum of every piece.

    It costs no second pass: the disk is read while the next pieces are being made. Small
    pieces, which are tables, go through the kernel's cache and are not read again here.

    Args:
        fd: The file; it stays open until this is closed.
    """

    def __init__(self, fd: int) -> None:
        self._pieces = PastCache(fd, os.O_RDONLY)
        self._written: queue.Queue[_Piece | threading.Event | None] = queue.Queue(_PIECES_BEHIND)
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def follow(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Take note of a piece that was written.

        Raises:
            DamagedError: an earlier one is not there any more.
        """
        self._check()
        if len(data) >= SMALLEST:
            self._written.put((offset, len(data), isal_zlib.crc32(data)))

    def catch_up(self) -> None:
        """Wait until all was read that was written up to now; any thread, while more is written.

        Raises:
            DamagedError: the disk gives back something else.
            OSError: it gives back nothing.
        """
        read = threading.Event()
        self._written.put(read)
        read.wait()
        self._check()

    def close(self) -> None:
        """Read no more. Closing twice does no harm."""
        if self._thread.is_alive():
            self._failure = self._failure or DamagedError("nothing more is read again")
            self._written.put(None)
            self._thread.join()
        self._pieces.close()

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _follow(self) -> None:
        while (piece := self._written.get()) is not None:
            if isinstance(piece, threading.Event):
                piece.set()
                continue
            try:
                if self._failure is None:
                    self._compare(*piece)
            except Exception as error:  # noqa: BLE001 - raised again by whoever writes
                self._failure = error

    def _compare(self, offset: int, length: int, expected: int) -> None:
        found = isal_zlib.crc32(self._pieces.read(offset, length))
        if found != expected:
            raise DamagedError(
                f"the disk gives back other bytes than were written to it: their checksum at byte "
                f"{offset} is {found:08x}, not {expected:08x}"
            )
