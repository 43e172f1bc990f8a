"""The command ``imageferry`` as tests run it against a service."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from click.testing import CliRunner, Result

from imageferry.cli.main import main
from support.service import Service


def run(service: Service, *arguments: str) -> Result:
    """Run a verb in this process, as the user who started the service."""
    return CliRunner().invoke(main, ["--data-dir", str(service.data_dir), *arguments])


def document(service: Service, *arguments: str, exit_code: int = 0) -> dict[str, Any]:
    """The JSON document that a verb prints, with nothing beside it."""
    result = run(service, *arguments, "--json")
    assert result.exit_code == exit_code, result.output
    printed: dict[str, Any] = json.loads(result.stdout)
    return printed


def start(service: Service, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    """Start a verb as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "imageferry", "--data-dir", str(service.data_dir), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )
