"""What a test asks of processes."""

from __future__ import annotations

import signal

import psutil


def heed_interrupts() -> None:
    """Let SIGINT end what is started from now on, as Ctrl-C does at a terminal.

    A shell that runs something in the background has it ignore SIGINT, and with it its children.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def has_ended(process: psutil.Process) -> bool:
    """Whether a process does nothing any more.

    One whose parent was killed stays in the list of processes, as a zombie, until
    the system's first process collects it.
    """
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
