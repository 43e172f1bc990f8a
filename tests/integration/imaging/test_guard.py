"""The guard and what it guards, as real processes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from imageferry.imaging import guard
from imageferry.imaging.lease import Lease, LeaseExpiredError
from imageferry.imaging.program import Completed, Limits, run

_DEADLINE = 10.0
_SHELL = "/bin/sh"


def is_gone(pid: int) -> bool:
    """Whether a process has ended, if perhaps not yet been reaped."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def until(condition: Callable[[], bool]) -> None:
    """Other processes' states come with no event that could be awaited."""
    async with asyncio.timeout(_DEADLINE):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def pid_in(path: Path) -> int:
    def content() -> str:
        return path.read_text() if path.exists() else ""

    await until(lambda: content().endswith("\n"))
    return int(content())


def shell(script: str, limits: Limits | None = None, lease: Lease | None = None) -> Completed:
    return asyncio.run(run([_SHELL, "-c", script], lease=lease or Lease(60), limits=limits))


def sleeper(pid_file: Path) -> list[str]:
    return [_SHELL, "-c", f"echo $$ > {pid_file}; exec sleep 1000"]


def test_status_and_outputs_come_through() -> None:
    ended = shell("echo out; echo err >&2; exit 7")
    assert ended == Completed(7, b"out\n", b"err\n")


def test_a_signal_becomes_a_status() -> None:
    assert shell("kill -SEGV $$").returncode == 128 + signal.SIGSEGV


def test_a_program_that_is_not_there_is_explained() -> None:
    ended = asyncio.run(run(["/nowhere/program"], lease=Lease(60)))
    assert ended.returncode == guard.NOT_STARTED
    assert b"/nowhere/program could not be started" in ended.stderr


def test_outputs_are_bounded() -> None:
    ended = shell("head -c 3000000 /dev/zero; head -c 2000000 /dev/zero >&2")
    assert (len(ended.stdout), len(ended.stderr)) == (1 << 20, 1 << 20)


def test_the_environment_and_the_descriptors_are_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_ACCESS_KEY", "hidden")
    shown = shell("env; ls /proc/self/fd").stdout.decode()
    assert "hidden" not in shown
    assert "LANG=C" in shown
    # 0, 1, 2, and the one with which ls lists them.
    assert [line for line in shown.split() if line.isdigit()] == ["0", "1", "2", "3"]


def test_input_is_empty() -> None:
    assert shell("cat; echo end").stdout == b"end\n"


def test_a_file_may_not_grow_past_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    ended = shell(f"head -c 100000 /dev/zero > {path}", Limits(file_bytes=4096))
    assert ended.returncode != 0
    assert b"File too large" in ended.stderr
    assert path.stat().st_size == 4096


def test_processor_time_is_limited() -> None:
    assert shell("while :; do :; done", Limits(cpu_seconds=1)).exceeded_cpu


def test_memory_is_limited() -> None:
    allocate = "import sys; bytearray(1 << 30)"
    for limits in (Limits(address_space=512 << 20), Limits(data_bytes=256 << 20)):
        ended = asyncio.run(run([sys.executable, "-c", allocate], lease=Lease(60), limits=limits))
        assert b"MemoryError" in ended.stderr


def test_no_core_is_dumped() -> None:
    assert shell("ulimit -c").stdout == b"0\n"


def test_a_lease_that_is_not_renewed_ends_the_program(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    with pytest.raises(LeaseExpiredError):
        asyncio.run(run(sleeper(pid_file), lease=Lease(0.3)))
    assert is_gone(int(pid_file.read_text()))


def test_renewals_keep_the_program_alive() -> None:
    async def main() -> Completed:
        lease = Lease(0.4)
        job = asyncio.create_task(run([_SHELL, "-c", "sleep 1.2; echo end"], lease=lease))
        while not job.done():
            lease.renew()
            await asyncio.wait([job], timeout=0.05)
        return await job

    assert asyncio.run(main()).stdout == b"end\n"


def test_nothing_is_started_under_an_expired_lease() -> None:
    with pytest.raises(LeaseExpiredError):
        shell("echo never", lease=Lease(0))


def test_a_program_does_not_outlive_what_remained_of_the_lease_at_its_start(
    tmp_path: Path,
) -> None:
    """A worker that was frozen before it started a program must not get a whole lease."""

    async def main() -> None:
        lease = Lease(0.5)
        await until(lambda: lease.remaining < 0.2)
        lease.seconds = 1000
        await run(sleeper(tmp_path / "pid"), lease=lease)

    with pytest.raises(LeaseExpiredError):
        asyncio.run(main())


def test_cancelling_ends_the_program_before_it_returns(tmp_path: Path) -> None:
    async def main() -> None:
        job = asyncio.create_task(run(sleeper(tmp_path / "pid"), lease=Lease(60)))
        pid = await pid_in(tmp_path / "pid")
        loop = asyncio.get_running_loop()
        asked = loop.time()
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
        assert is_gone(pid)
        assert loop.time() - asked < 1

    asyncio.run(main())


def test_what_the_program_started_ends_with_it(tmp_path: Path) -> None:
    async def main() -> None:
        script = f"sleep 1000 & echo $! > {tmp_path / 'pid'}; wait"
        job = asyncio.create_task(run([_SHELL, "-c", script], lease=Lease(60)))
        pid = await pid_in(tmp_path / "pid")
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
        await until(lambda: is_gone(pid))

    asyncio.run(main())


def test_a_killed_guard_takes_the_program_with_it(tmp_path: Path) -> None:
    async def main() -> None:
        job = asyncio.create_task(run(sleeper(tmp_path / "pid"), lease=Lease(60)))
        pid = await pid_in(tmp_path / "pid")
        guard_pid = psutil.Process(pid).ppid()
        assert guard_pid != os.getpid()
        os.kill(guard_pid, signal.SIGKILL)
        await until(lambda: is_gone(pid))
        assert (await job).returncode == -signal.SIGKILL

    asyncio.run(main())


_WORKER = textwrap.dedent("""
    import asyncio, sys
    from imageferry.imaging.lease import Lease
    from imageferry.imaging.program import run
    script = f"echo $$ > {sys.argv[1]}; exec sleep 1000"
    asyncio.run(run(["/bin/sh", "-c", script], lease=Lease(float(sys.argv[2]))))
""")


@pytest.mark.parametrize(
    ("sign", "lease"), [(signal.SIGKILL, 1000), (signal.SIGTERM, 1000), (signal.SIGSTOP, 1)]
)
def test_a_program_ends_with_its_worker(tmp_path: Path, sign: signal.Signals, lease: int) -> None:
    """Whether the worker is killed, or frozen for longer than its lease."""

    async def main() -> None:
        pid = await pid_in(tmp_path / "pid")
        worker.send_signal(sign)
        await until(lambda: is_gone(pid))

    arguments = [sys.executable, "-c", _WORKER, str(tmp_path / "pid"), str(lease)]
    with subprocess.Popen(arguments, stderr=subprocess.DEVNULL) as worker:
        try:
            asyncio.run(main())
        finally:
            worker.kill()
