"""A working copy to set up, and a PATH that holds nothing but what a test puts there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from installation.environment import BUILD_LOCK, PROFILES, Environment

# It does for a Python, for its venv module and for pip: it logs its calls beside itself.
PYTHON = """
echo "$*" >> "$0.log"
case "$*" in
    *"$FAIL_ON"*) test -z "$FAIL_ON" || { echo "no way"; exit 1; } ;;
esac
case "$1 $2" in "-m venv")
    /bin/mkdir -p "$4/bin"
    /bin/cp "$0" "$4/bin/python"
esac
"""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the PATH; it is empty."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("IMAGEFERRY_QEMU_IMG", raising=False)
    return folder


@pytest.fixture
def program(path: Path) -> Callable[[str, str], Path]:
    """Put a shell script on the PATH."""

    def put(name: str, script: str) -> Path:
        file = path / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
        return file

    return put


@pytest.fixture
def python(program: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The Python that the set-up runs on, as a script that fails on the words of ``FAIL_ON``."""
    file = program("python3", PYTHON)
    monkeypatch.setattr(sys, "executable", str(file))
    monkeypatch.setenv("FAIL_ON", "")
    return file


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """The virtual environment of a working copy, not made yet."""
    requirements = tmp_path / "copy" / "requirements"
    requirements.mkdir(parents=True)
    for name in (BUILD_LOCK, *PROFILES["run"], *PROFILES["test"]):
        (requirements / name).write_text(name)
    (tmp_path / "copy" / "pyproject.toml").write_text("[project]\n")
    return Environment(tmp_path / "copy")
