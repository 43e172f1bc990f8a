"""What a server costs the machine: processor time and memory, of all its processes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

_RESET_PEAK = "5"
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


@dataclass(frozen=True)
class Cost:
    """What it took a server to do some work.

    Attributes:
        cpu_seconds: Processor time, in the system too.
        peak_bytes: The resident memory of each process at its peak, summed; what
            processes share counts once for each.
    """

    cpu_seconds: float
    peak_bytes: int


class ProcessTree:
    """The processes of one server, which must be the same before and after the work."""

    def __init__(self, processes: Sequence[psutil.Process]) -> None:
        self._processes = processes

    @classmethod
    def below(cls, pid: int) -> ProcessTree:
        """A process and all its descendants."""
        process = psutil.Process(pid)
        return cls([process, *process.children(recursive=True)])

    @classmethod
    def named(cls, name: str) -> ProcessTree:
        """The descendants of this process that run a program of that name."""
        descendants = psutil.Process().children(recursive=True)
        return cls([process for process in descendants if process.name() == name])

    def cost_of(self, work: Callable[[], None]) -> Cost:
        """Do some work and see what it cost. The kernel, not a sampler, keeps the peak."""
        for process in self._processes:
            _proc(process, "clear_refs").write_text(_RESET_PEAK)
        before = self.cpu_seconds()
        work()
        return Cost(self.cpu_seconds() - before, sum(map(_peak_bytes, self._processes)))

    def cpu_seconds(self) -> float:
        """The processor time so far, with the programs that they ran and that have ended."""
        times = [process.cpu_times() for process in self._processes]
        own = sum(time.user + time.system for time in times)
        return own + sum(time.children_user + time.children_system for time in times)


def _peak_bytes(process: psutil.Process) -> int:
    found = _PEAK.search(_proc(process, "status").read_text())
    if found is None:
        raise RuntimeError(f"The kernel does not tell the peak memory of {process}.")
    return int(found[1]) * 1024


def _proc(process: psutil.Process, name: str) -> Path:
    return Path("/proc", str(process.pid), name)
