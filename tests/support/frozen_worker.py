"""A worker in a process of its own that freezes right before one of its calls, to be woken later.

It carries out a step of a task, or cleans up after it, and does so to the end when it wakes: a
worker of the service would be ended soon after by those that have taken it for dead.
"""

from __future__ import annotations

import asyncio
import pickle
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import psutil

from imageferry.engine.steps import Steps
from support.dying_worker import INTERVAL, end_with_nursery, opened, process_of
from support.ferry import Ferry
from support.service import Process, until

SECONDS = 120


@dataclass(frozen=True)
class FrozenWorker:
    """A process that stands still."""

    process: Process

    def wake(self) -> None:
        """Let it go on, to the end of its work."""
        self.process.send_signal(signal.SIGCONT)
        self.process.wait(SECONDS)


@contextmanager
def frozen_worker(ferry: Ferry, task_id: str, work: str, before: str) -> Iterator[FrozenWorker]:
    """A worker that works for a task until it freezes.

    Args:
        ferry: The installation.
        task_id: The task.
        work: The step, or ``clean_up``.
        before: The method before whose first call it freezes, as ``module:Class.method``.
    """
    with process_of(ferry, "support.frozen_worker", task_id, work, before) as process:
        until(lambda: _is_frozen(process), SECONDS, "The worker's freezing")
        yield FrozenWorker(process)


def _is_frozen(process: Process) -> bool:
    assert process.poll() is None, "it ended before it came to where it was to freeze"
    return bool(psutil.Process(process.pid).status() == psutil.STATUS_STOPPED)


def _freeze_before(name: str) -> None:
    owner, _, method = name.rpartition(".")
    kind = resolve_name(owner)
    original = getattr(kind, method)
    lock, frozen = threading.Lock(), threading.Event()

    def called(*arguments: Any, **named: Any) -> Any:
        with lock:
            if not frozen.is_set():
                frozen.set()
                # Sent to the process, it would be taken by whichever thread has its turn next.
                signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
        return original(*arguments, **named)

    setattr(kind, method, called)


def main() -> None:
    """Do the work."""
    settings, task_id, work, before = pickle.loads(Path(sys.argv[1]).read_bytes())
    threading.Thread(target=end_with_nursery, daemon=True).start()
    steps = Steps(opened(settings, INTERVAL))
    _freeze_before(before)
    if work == "clean_up":
        asyncio.run(steps.clean_up(task_id))
    else:
        asyncio.run(steps.run(task_id, work))
