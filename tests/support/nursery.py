"""Processes of the service that start in a moment.

``python -m support.nursery`` imports the service once, and forks a process of it whenever it is
asked to. What takes a new process seconds of processor time is there already, so a test can kill
and start some hundreds of them. From the fork on they are what ``python -m imageferry`` is.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from support import wall_clock
from support.service import Launch, Process, until
from support.wall_clock import WallClock

END_SECONDS = 60.0
CLOCKS = "clocks"
"""The argument by which processes can have clocks that a test sets."""

COMMAND = "imageferry.cli.main"
"""The module of the command ``imageferry``."""


class Forked:
    """A process that a nursery has forked, as ``subprocess.Popen`` shows those of its own.

    Attributes:
        pid: Its process id.
        returncode: Its exit status, once it is known to have ended; negative for a signal.
    """

    stdin = None

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._nursery = nursery

    def poll(self) -> int | None:
        """Its exit status, if it has ended."""
        if self.returncode is None:
            self.returncode = self._nursery.ask(poll=self.pid)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; its exit status.

        Raises:
            subprocess.TimeoutExpired: it has not ended in so many seconds.
        """
        seconds = timeout or END_SECONDS
        try:
            until(lambda: self.poll() is not None, seconds, f"The end of {self.pid}")
        except TimeoutError as error:
            raise subprocess.TimeoutExpired(f"process {self.pid}", seconds) from error
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, sig: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def kill(self) -> None:
        """End it by SIGKILL."""
        self.send_signal(signal.SIGKILL)


class Nursery:
    """What forks processes of the service.

    Args:
        arguments: :data:`CLOCKS`, or nothing.
        environment: Its environment, where that is not the test's: it may have another
            version of the service be imported.
    """

    def __init__(self, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.nursery", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[1],
            env=environment,
        )

    def launch(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        *,
        module: str = COMMAND,
    ) -> Process:
        """Start a process of the service.

        Args:
            arguments: Those of ``imageferry``.
            environment: Its environment.
            log: The file that gets what it says.
            module: The module whose ``main`` it carries out, if not the command's.
        """
        log.touch()
        pid = self.ask(
            start={
                "module": module,
                "arguments": list(arguments),
                "environment": dict(environment),
                "log": str(log),
                "folder": str(Path.cwd()),
            }
        )
        return Forked(self, pid)

    def with_clock(self, clock: WallClock) -> Launch:
        """What starts processes that have a clock of a test's."""

        def launch(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Process:
            return self.launch(
                arguments, {**environment, wall_clock.VARIABLE: str(clock.path)}, log
            )

        return launch

    def ask(self, **question: Any) -> Any:
        """Ask the process for something, and wait for its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

    def end(self) -> None:
        """End it, and with it whatever it has forked."""
        self._process.communicate()


@contextmanager
def nursery(*arguments: str) -> Iterator[Nursery]:
    """Start a nursery with those arguments, and end it and all that it has forked."""
    started = Nursery(*arguments)
    try:
        yield started
    finally:
        started.end()


def _fork(order: Mapping[str, Any], life: int, own: Sequence[int]) -> int:
    """Fork a process.

    Args:
        order: What it is to be.
        life: What it reads from: that ends with this process.
        own: Descriptors that are this process's alone.
    """
    pid = os.fork()
    if pid == 0:
        try:
            for descriptor in own:
                os.close(descriptor)
            _become(order, life)
        except BaseException:  # noqa: BLE001 - nothing may get back into the nursery's loop
            traceback.print_exc()
        finally:
            os._exit(1)
    return pid


def _become(order: Mapping[str, Any], life: int) -> NoReturn:
    """Be the command ``imageferry`` of an order, or another program."""
    main = importlib.import_module(order["module"]).main
    os.dup2(life, 0)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    wall_clock.follow()
    sys.argv = ["imageferry", *order["arguments"]]
    status = 0
    try:
        main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)


def _poll(pid: int) -> int | None:
    ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def main() -> None:
    """Do what is asked for until the standard input ends."""
    if sys.argv[1:] == [CLOCKS]:
        wall_clock.install()
    import imageferry.service.server  # noqa: PLC0415
    import imageferry.service.worker  # noqa: F401, PLC0415

    assert threading.active_count() == 1, "a fork would lose the other threads"
    life, alive = os.pipe()
    with os.fdopen(os.dup(0), "rb") as questions, os.fdopen(os.dup(1), "wb") as answers:
        own = (alive, questions.fileno(), answers.fileno())
        for line in questions:
            question = json.loads(line)
            if "start" in question:
                # Once, for all that are forked to carry it out.
                importlib.import_module(question["start"]["module"])
                answer: int | None = _fork(question["start"], life, own)
            else:
                answer = _poll(question["poll"])
            answers.write(json.dumps(answer).encode() + b"\n")
            answers.flush()


if __name__ == "__main__":
    main()
