"""What `make run` does, once and again on the same data."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

DEMO = Path(__file__).resolve().parents[2] / "scripts" / "demo.py"
SECONDS = 120


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Free ports and a data folder of its own."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("IMAGEFERRY_")}
    return inherited | {
        "IMAGEFERRY_DATA_DIR": str(tmp_path / "data"),
        "IMAGEFERRY_ECS_PORT": "0",
        "IMAGEFERRY_OSS_PORT": "0",
    }


def demo(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, DEMO, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_it_shows_the_main_job_and_again_on_the_same_data(environment: dict[str, str]) -> None:
    shown = demo(environment, "--once")

    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "upload alpine" in shown.stderr
    check_comparison(shown.stdout)
    assert "http://" not in shown.stdout, "it tells addresses that nobody answers at any more"
    data_dir = Path(environment["IMAGEFERRY_DATA_DIR"])
    assert not list(data_dir.glob("demo-*"))
    assert not (data_dir / "addresses.json").exists()

    check_second_run(environment)


def check_second_run(environment: dict[str, str]) -> None:
    """On data that is there it works again, keeps serving, and ends on Ctrl-C."""
    with subprocess.Popen(
        [sys.executable, DEMO],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as shown:
        assert shown.stdout is not None
        said = []
        for line in shown.stdout:
            said.append(line)
            if line.startswith("Serving."):
                break
        check_story("".join(said))
        address = re.search(r"ECS API +http://([\d.]+):(\d+)/", "".join(said))
        assert address
        host, port = address[1], int(address[2])
        socket.create_connection((host, port), 10).close()

        shown.send_signal(signal.SIGINT)

        assert shown.wait(SECONDS) == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, port), 10)


def check_comparison(said: str) -> None:
    assert "VHD: every byte that the guest sees is the same." in said
    assert re.search(r"Raw: .* SHA-256, [0-9a-f]{64}\.", said)


def check_story(said: str) -> None:
    check_comparison(said)
    assert re.search(r"ECS API +http://127\.0\.0\.1:\d+/\n", said)
    assert re.search(r"Console +http://127\.0\.0\.1:\d+/console/\n", said)
    assert re.search(r"http://127\.0\.0\.1:\d+/console/link\?token=\S+\n", said)
    assert re.search(r"access key secret +\w{30}\n", said)
    assert "imageferry export m-" in said


def test_a_port_that_is_taken_is_told_in_a_sentence(environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        shown = demo(environment | {"IMAGEFERRY_ECS_PORT": str(port)}, "--once")

    assert shown.returncode == 1
    assert shown.stderr.startswith(f"The ECS API cannot listen on 127.0.0.1:{port}: ")
    assert shown.stderr.count("\n") == 1
