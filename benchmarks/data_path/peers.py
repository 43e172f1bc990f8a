"""What others do with the same objects, by the same programs: qemu-img, nbdkit, curl's library."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import urllib3

MIB = 2**20


@dataclass(frozen=True)
class Source:
    """What a peer imports: where it is, qemu's word for its format, and a folder for its files."""

    url: str
    driver: str
    folder: Path

    @property
    def result(self) -> Path:
        """The file to make."""
        return self.folder / "peer.qcow2"


@dataclass(frozen=True)
class Peer:
    """One way to import.

    Attributes:
        name: What the tables call it.
        run: Does it within so many seconds.
        missing: Why it cannot be done here; empty where it can.
    """

    name: str
    run: Callable[[Source, float], None]
    missing: str = ""


@dataclass(frozen=True)
class PeerResult:
    """How a peer fared.

    Attributes:
        seconds: What it took; its limit where it did not end.
        note: Why it did not end, if it did not.
    """

    seconds: float
    note: str = ""


def peers() -> Sequence[Peer]:
    """Every way, with the reason where one cannot be gone on this machine."""
    return (
        Peer("Glance: one stream to scratch, convert", _glance),
        Peer("CDI: nbdkit curl, readahead, retry, convert", _cdi, _missing_nbdkit()),
        Peer("qemu's curl driver, 256 KiB, -m 16 -W", _curl_driver, _missing_curl_driver()),
    )


def measure(peer: Peer, source: Source, seconds: float) -> PeerResult:
    """Go one way once, for so many seconds at most."""
    if peer.missing:
        return PeerResult(0.0, peer.missing)
    begun = time.perf_counter()
    try:
        peer.run(source, seconds)
    except subprocess.TimeoutExpired:
        return PeerResult(seconds, f"ended after {seconds:.0f} s")
    finally:
        source.result.unlink(missing_ok=True)
    return PeerResult(time.perf_counter() - begun)


def convert(source: str | Path, driver: str, target: Path, target_driver: str) -> list[str]:
    """The command line that converts as services do."""
    options = ["-o", "force_size=on"] if target_driver == "vpc" else []
    return [
        *("qemu-img", "convert", "-f", driver, "-O", target_driver),
        *options,
        str(source),
        str(target),
    ]


def _glance(source: Source, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    scratch = source.folder / "peer.scratch"
    try:
        with (
            urllib3.PoolManager().request("GET", source.url, preload_content=False) as answer,
            scratch.open("wb") as file,
        ):
            for chunk in answer.stream(MIB):
                file.write(chunk)
                if time.monotonic() > deadline:
                    raise subprocess.TimeoutExpired("GET", seconds)
        _run(
            convert(scratch, source.driver, source.result, "qcow2"),
            max(1.0, deadline - time.monotonic()),
        )
    finally:
        scratch.unlink(missing_ok=True)


def _cdi(source: Source, seconds: float) -> None:
    command = f"qemu-img convert -f {source.driver} -O qcow2 $uri {source.result}"
    filters = ["--filter=readahead", "--filter=retry"]
    curl = ["curl", f"url={source.url}"]
    _run(["nbdkit", "-U", "-", "--readonly", *filters, *curl, "--run", command], seconds)


def _curl_driver(source: Source, seconds: float) -> None:
    file = {"driver": "http", "url": source.url, "readahead": 256 * 1024}
    image = f"json:{json.dumps({'driver': source.driver, 'file': file})}"
    fast = ["-m", "16", "-W"]
    _run(["qemu-img", "convert", *fast, "-O", "qcow2", image, str(source.result)], seconds)


def _run(command: Sequence[str], seconds: float) -> None:
    """Run a program and those that it starts, and end them all in time."""
    process = subprocess.Popen(command, start_new_session=True)
    try:
        code = process.wait(seconds)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    if code:
        raise subprocess.CalledProcessError(code, command)


def _missing_nbdkit() -> str:
    return "" if shutil.which("nbdkit") else "nbdkit is not installed"


def _missing_curl_driver() -> str:
    asked = ["qemu-img", "info", "http://127.0.0.1:9/"]
    told = subprocess.run(asked, capture_output=True, check=False)
    return "qemu-block-extra is not installed" if b"Unknown driver" in told.stderr else ""
