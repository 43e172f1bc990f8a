"""The parent of every external program: it ends the program when its worker is gone.

Run as ``python -I -S guard.py LEASE REMAINING LIMITS -- PROGRAM ARGUMENT...`` with a pipe as
standard input. Each byte that arrives renews the lease; its value tells how many 255ths of it
have passed since then. The program is killed, with all of its process group, when

* the pipe reaches its end: the worker died, or wants the program to end;
* no byte came for LEASE seconds (REMAINING seconds for the first): the worker is frozen or
  has lost its task;
* the guard itself dies, even by SIGKILL.

LIMITS is a comma-separated list of resource and value, as ``CPU=60,FSIZE=1048576``, or ``-``.
The program's exit status becomes the guard's; a signal ``n`` that ended it becomes 128 + n.

This file is a program of its own: it starts within milliseconds and imports nothing but what
the standard library has.
"""

import ctypes
import os
import resource
import select
import signal
import sys
import time

LEASE_EXPIRED = 120
ORPHANED = 121
NOT_STARTED = 127

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_LONGEST_WAIT_MS = 1000


def _become_program(argv: list[str], limits: dict[str, int], guard: int) -> None:
    """In the child: bind it to the guard's life, set its limits and start it."""
    os.setpgid(0, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in ((_PR_SET_PDEATHSIG, signal.SIGKILL), (_PR_SET_NO_NEW_PRIVS, 1)):
        if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl failed")
    if os.getppid() != guard:
        return
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    # A write past the limit of a file's size then fails, and the program can say so.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name, value in limits.items():
        # At its soft limit of processor time the program gets SIGXCPU, which tells the reason.
        hard = value + 1 if name == "CPU" else value
        resource.setrlimit(getattr(resource, "RLIMIT_" + name), (value, hard))
    os.execv(argv[0], argv)  # noqa: S606  the program is given whole, without a shell


def _start(argv: list[str], limits: dict[str, int]) -> int:
    guard = os.getpid()
    child = os.fork()
    if child == 0:
        try:
            _become_program(argv, limits, guard)
        except OSError as error:
            sys.stderr.write(f"{argv[0]} could not be started: {error}\n")
            sys.stderr.flush()
        finally:
            os._exit(NOT_STARTED)
    return child


def _watch(child: int, lease: float, remaining: float) -> int | None:
    """Wait for the program's end; the reason to end it, or ``None`` if it ended itself."""
    # Time that passes while the machine is suspended counts, as it does for other workers.
    deadline = time.clock_gettime(time.CLOCK_BOOTTIME) + remaining
    ended = os.pidfd_open(child)
    poll = select.poll()
    poll.register(ended, select.POLLIN)
    poll.register(0, select.POLLIN | select.POLLHUP)
    while True:
        left = deadline - time.clock_gettime(time.CLOCK_BOOTTIME)
        if left <= 0:
            return LEASE_EXPIRED
        events = dict(poll.poll(min(left * 1000 + 1, _LONGEST_WAIT_MS)))
        if ended in events:
            return None
        if 0 in events:
            renewals = os.read(0, 4096)
            if not renewals:
                return ORPHANED
            passed = lease * renewals[-1] / 255
            deadline = time.clock_gettime(time.CLOCK_BOOTTIME) + lease - passed


def _kill_group(child: int) -> None:
    # Killed by both names: the child may not have made its group yet.
    os.kill(child, signal.SIGKILL)
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:
        return


def main(arguments: list[str]) -> int:
    """Run a program under watch.

    Args:
        arguments: The lease and what remains of it in seconds, the limits, ``--``, and the
            program's absolute path with its arguments.

    Returns:
        The exit status for the guard.
    """
    lease, remaining, limits, _, *argv = arguments
    pairs = (item.split("=") for item in limits.split(",") if limits != "-")
    child = _start(argv, {name: int(value) for name, value in pairs})
    reason = _watch(child, float(lease), float(remaining))
    # The program's end is reaped last: until then its id, and its group's, are not reused.
    _kill_group(child)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return reason or (code if code >= 0 else 128 - code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
