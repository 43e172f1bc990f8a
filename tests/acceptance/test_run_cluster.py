"""What `make run-cluster` does: many processes start by themselves, serve, and leave nothing."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from imageferry.settings import ENVIRONMENT_PREFIX
from support.disks import DISK
from support.processes import has_ended
from support.service import PATIENCE, until

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 120
COMMAND = (sys.executable, "-m", "imageferry")


@pytest.fixture
def environment() -> dict[str, str]:
    """What a user has, without settings of imageferry."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(ENVIRONMENT_PREFIX)}
    return kept | {"PYTHONPATH": str(ROOT / "tests")}


@pytest.fixture
def run_cluster(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, ROOT / "scripts" / "run_cluster.py"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def _story(process: subprocess.Popen[str]) -> str:
    """What it says until it serves."""
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("Serving."):
            break
    return "".join(said)


def _told(process: subprocess.Popen[str], pattern: str) -> None:
    """Wait until it says something."""
    assert process.stdout is not None
    assert any(re.fullmatch(pattern, line.rstrip()) for line in process.stdout)


def _kill_first_api(processes: list[psutil.Process]) -> None:
    next(process for process in processes if "serve" in process.cmdline()).kill()


def _imageferry(environment: dict[str, str], *arguments: str) -> None:
    subprocess.run([*COMMAND, *arguments], env=environment, check=True, capture_output=True)


def test_it_starts_serves_by_each_api_and_leaves_nothing(
    run_cluster: subprocess.Popen[str], environment: dict[str, str], tmp_path: Path
) -> None:
    said = _story(run_cluster)
    processes = psutil.Process(run_cluster.pid).children(recursive=True)
    first, second = (_client(said, number, environment, tmp_path) for number in ("1", "2"))
    assert len(re.findall(r"^worker \d", said, re.MULTILINE)) == 4
    disk = tmp_path / "disk.raw"
    disk.write_bytes(DISK)

    _imageferry(first, "buckets", "demo", "--create")
    _imageferry(first, "import", str(disk), "--bucket", "demo", "--name", "golden")
    _told(run_cluster, r"Worker \d+ has taken up t-\w+\.")
    _kill_first_api(processes)
    _told(run_cluster, r"API 1 ended, and was started again at its address\.")
    (image,) = _images(first)
    _imageferry(
        second,
        *("export", image["ImageId"], "oss://demo", "--format", "qcow2"),
        *("--output", str(tmp_path)),
    )

    (exported,) = tmp_path.glob("*.qcow2")
    compared = ["qemu-img", "compare", "-f", "raw", "-F", "qcow2", str(disk), str(exported)]
    subprocess.run(compared, check=True, capture_output=True)
    processes += psutil.Process(run_cluster.pid).children(recursive=True)
    run_cluster.send_signal(signal.SIGINT)
    assert run_cluster.wait(SECONDS) == 0
    until(
        lambda: all(has_ended(process) for process in processes),
        PATIENCE,
        "The end of all processes",
    )


def _client(said: str, number: str, environment: dict[str, str], folder: Path) -> dict[str, str]:
    """The environment of a user who has one of the APIs."""

    def told(what: str) -> str:
        found = re.search(rf"^{what} +(\S+)$", said, re.MULTILINE)
        assert found, said
        return found[1]

    settings = {
        "DATA_DIR": str(folder / "none"),
        "ECS_ENDPOINT": told(f"ECS API {number}").rstrip("/"),
        "OSS_ENDPOINT": told(f"OSS API {number}").rstrip("/"),
        "ACCESS_KEY_ID": told("access key id"),
        "ACCESS_KEY_SECRET": told("access key secret"),
    }
    return environment | {ENVIRONMENT_PREFIX + name: value for name, value in settings.items()}


def _images(environment: dict[str, str]) -> list[dict[str, Any]]:
    done = subprocess.run(
        [*COMMAND, "images", "--json"], env=environment, check=True, capture_output=True
    )
    images: list[dict[str, Any]] = json.loads(done.stdout)["Images"]["Image"]
    return images
