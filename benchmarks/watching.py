"""What a service uses while it works: disk for scratch."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

import psutil

_PERIOD_SECONDS = 0.05
_BLOCK = 512


_DRAFTS = "drafts"


class ScratchWatch:
    """Looks, twenty times a second, how much disk the scratch of a service takes.

    Files without a name that were made there count too, as long as a process has them open.
    Drafts do not: they are the disks of the catalogue before they get their names.

    Attributes:
        peak_bytes: The most that was seen.
    """

    def __init__(self, pid: int, folder: Path) -> None:
        """Watch ``folder``, and the files that a process and its descendants have open."""
        self.peak_bytes = 0
        self._process = psutil.Process(pid)
        self._folder = folder
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_PERIOD_SECONDS):
            found = {(item.st_dev, item.st_ino): item.st_blocks for item in self._files()}
            self.peak_bytes = max(self.peak_bytes, sum(found.values()) * _BLOCK)

    def _files(self) -> Iterator[os.stat_result]:
        with suppress(OSError):
            for path in self._folder.rglob("*"):
                if _DRAFTS not in path.relative_to(self._folder).parts:
                    yield path.lstat()
        for process in (self._process, *self._process.children(recursive=True)):
            with suppress(OSError):
                yield from self._nameless(process.pid)

    def _nameless(self, pid: int) -> Iterator[os.stat_result]:
        for path in Path("/proc", str(pid), "fd").iterdir():
            with suppress(OSError):
                found = path.stat()
                is_nameless = stat.S_ISREG(found.st_mode) and found.st_nlink == 0
                if is_nameless and path.readlink().is_relative_to(self._folder):
                    yield found
