"""What a test asks of processes."""

from __future__ import annotations

import psutil


def has_ended(process: psutil.Process) -> bool:
    """Whether a process does nothing any more.

    One whose parent was killed stays in the list of processes, as a zombie, until
    the system's first process collects it.
    """
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
