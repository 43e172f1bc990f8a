"""A wall clock that a test sets forth and back while processes run.

The machine's clock is everybody's, and a library that is loaded before all others to shift it
breaks waits with a limit. So this one is in the place of Python's: ``time.time``, and what
``datetime`` says of now. The clocks that only go on are left alone, as they are by whoever sets a
machine's clock.
"""

from __future__ import annotations

import ctypes
import gc
import mmap
import os
import struct
import time
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

VARIABLE = "WALL_CLOCK"
"""The environment variable that names the file of a process's clock."""

_SECONDS = struct.Struct("d")
_set_by: list[mmap.mmap] = []


class WallClock:
    """A clock that a test sets.

    Args:
        path: The file that tells processes how it is set.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ahead = 0.0
        path.write_bytes(_SECONDS.pack(0))

    def set(self, ahead: timedelta) -> None:
        """Let it be ahead of the machine's from now on, or behind it."""
        self._ahead = ahead.total_seconds()
        with self.path.open("r+b") as file:
            file.write(_SECONDS.pack(self._ahead))

    def now(self) -> datetime:
        """What it says."""
        return datetime.now(UTC) + timedelta(seconds=self._ahead)


def install() -> None:
    """Put it in the place of Python's, before what asks for the time is imported."""
    machine_time = time.time

    def now() -> float:
        return machine_time() + sum(map(_read, _set_by), 0.0)

    def now_in(kind: type[datetime], tz: tzinfo | None = None) -> datetime:
        return kind.fromtimestamp(now(), tz)

    time.time = now
    time.time_ns = lambda: int(now() * 1e9)
    _replace(datetime, "now", classmethod(now_in))
    _replace(datetime, "utcnow", classmethod(lambda kind: kind.utcfromtimestamp(now())))


def follow() -> None:
    """Set it by the file that the environment names from now on, if it names one."""
    if VARIABLE in os.environ:
        with Path(os.environ[VARIABLE]).open("rb") as file:
            _set_by.append(mmap.mmap(file.fileno(), _SECONDS.size, prot=mmap.PROT_READ))


def _read(file: mmap.mmap) -> float:
    seconds: float = _SECONDS.unpack(file[: _SECONDS.size])[0]
    return seconds


def _replace(kind: type, name: str, value: Any) -> None:
    """Replace what a type has that is written in C: another type would not be the libraries'."""
    (attributes,) = gc.get_referents(kind.__dict__)
    attributes[name] = value
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))
