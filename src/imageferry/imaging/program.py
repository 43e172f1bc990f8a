"""Run an external program under the guard, with limits and for as long as the lease lasts."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from imageferry.imaging import guard
from imageferry.imaging.lease import Lease, LeaseExpiredError
from imageferry.imaging.threads import uninterrupted

_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C", "LC_ALL": "C"}
_OUTPUT_BYTES = 1024 * 1024
_PATIENCE_SECONDS = 2.0


@dataclass(frozen=True)
class Limits:
    """What a program may use. ``None`` sets no limit of its own.

    Attributes:
        cpu_seconds: Processor time.
        file_bytes: The size of any file that it writes; a write past it fails.
        address_space: Virtual memory, in bytes. A program with many threads reserves far
            more than it uses, so this suits small ones.
        data_bytes: Private memory, in bytes.
    """

    cpu_seconds: int | None = None
    file_bytes: int | None = None
    address_space: int | None = None
    data_bytes: int | None = None

    def for_guard(self) -> str:
        """The limits as the guard reads them."""
        resources = {
            "CPU": self.cpu_seconds,
            "FSIZE": self.file_bytes,
            "AS": self.address_space,
            "DATA": self.data_bytes,
        }
        pairs = (f"{name}={value}" for name, value in resources.items() if value is not None)
        return ",".join(pairs) or "-"


@dataclass(frozen=True)
class Completed:
    """How a program ended, and the first MiB of each of its outputs.

    Attributes:
        returncode: Its exit status; 128 and the signal's number if a signal ended it.
    """

    returncode: int
    stdout: bytes
    stderr: bytes

    @property
    def exceeded_cpu(self) -> bool:
        """It was ended for using more processor time than its limit."""
        return self.returncode == 128 + signal.SIGXCPU


async def run(
    argv: Sequence[str | Path], *, lease: Lease, limits: Limits | None = None
) -> Completed:
    """Run a program to its end.

    When this coroutine is cancelled, or ends otherwise, the program is gone, and whatever
    it started in its process group with it.

    Args:
        argv: The program's absolute path and its arguments.
        lease: How long it may go on; renew it meanwhile.
        limits: What it may use.

    Raises:
        LeaseExpiredError: the lease was not renewed in time.
    """
    lease.check()
    pipe = _LeasePipe(lease)
    try:
        completed = await _run_guarded(argv, lease, limits or Limits(), pipe)
    finally:
        pipe.close()
    if completed.returncode == guard.LEASE_EXPIRED:
        raise LeaseExpiredError(f"The lease of {lease.seconds} s was not renewed in time.")
    return completed


class _LeasePipe:
    """The pipe over which a guard learns of renewals, and by its end that it is to stop."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self.read_end, self._write_end = os.pipe()
        self._ends = [self.read_end, self._write_end]
        os.set_blocking(self._write_end, False)
        lease.attach(self._write_end)

    def close(self) -> None:
        self._lease.detach(self._write_end)
        while self._ends:
            os.close(self._ends.pop())


async def _run_guarded(
    argv: Sequence[str | Path], lease: Lease, limits: Limits, pipe: _LeasePipe
) -> Completed:
    process = await asyncio.create_subprocess_exec(
        *_guard_command(lease, limits),
        *(str(argument) for argument in argv),
        stdin=pipe.read_end,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=_ENVIRONMENT,
        start_new_session=True,
    )
    outputs = [
        asyncio.create_task(_read_start(stream))
        for stream in (process.stdout, process.stderr)
        if stream is not None
    ]
    try:
        await process.wait()
    finally:
        await uninterrupted(_end(process, pipe, outputs))
    stdout, stderr = (output.result() for output in outputs)
    return Completed(process.returncode or 0, stdout, stderr)


async def _read_start(stream: asyncio.StreamReader) -> bytes:
    """Read a stream to its end and keep its start."""
    kept = bytearray()
    while chunk := await stream.read(65536):
        kept += chunk[: _OUTPUT_BYTES - len(kept)]
    return bytes(kept)


async def _end(
    process: asyncio.subprocess.Process, pipe: _LeasePipe, outputs: list[asyncio.Task[bytes]]
) -> None:
    """Have the guard end its program, and wait until both are gone and their outputs closed."""
    pipe.close()
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
    await asyncio.gather(*outputs)


def _guard_command(lease: Lease, limits: Limits) -> tuple[str, ...]:
    return (
        sys.executable,
        "-I",
        "-S",
        guard.__file__,
        str(lease.seconds),
        str(lease.remaining),
        limits.for_guard(),
        "--",
    )
