"""The SHA-256 of a file, computed beside its upload."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Self

_READ_BYTES = 1 << 20


class FileHash:
    """Hashes a file in a thread of its own, so that what it has read is not read twice from disk.

    Parts are sent several at a time, in no order; a hash needs the bytes in order.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._closed = threading.Event()
        self._pool = ThreadPoolExecutor(1)
        self._digest: Future[str]

    def result(self) -> str:
        """The hash in hexadecimal digits, as soon as it is complete.

        Raises:
            OSError: the file cannot be read.
        """
        return self._digest.result()

    def __enter__(self) -> Self:
        self._digest = self._pool.submit(self._compute)
        return self

    def __exit__(self, *exception: object) -> None:
        self._closed.set()
        self._pool.shutdown()

    def _compute(self) -> str:
        digest = hashlib.sha256()
        with self._path.open("rb") as file:
            while not self._closed.is_set() and (data := file.read(_READ_BYTES)):
                digest.update(data)
        return digest.hexdigest()
