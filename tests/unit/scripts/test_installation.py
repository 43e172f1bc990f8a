"""The command line of the set-up."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from installation import main
from installation.environment import Environment

SETUP = Path(__file__).resolve().parents[3] / "scripts" / "setup.py"


def test_what_it_is_to_be_ready_for_has_to_be_said() -> None:
    done = subprocess.run(
        [sys.executable, SETUP, "walk"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "invalid choice: 'walk'" in done.stderr


@pytest.mark.usefixtures("python")
def test_what_stands_in_the_way_is_said_without_a_traceback(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIL_ON", "-m venv")
    monkeypatch.setattr(main, "ROOT", environment.root)
    monkeypatch.setattr(sys, "argv", ["setup.py", "run"])

    with pytest.raises(SystemExit, match=r"^The virtual environment could not be made"):
        main.main()


def test_a_machine_that_has_all_is_ready(
    environment: Environment,
    python: Path,
    program: Callable[[str, str], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program("qemu-img", "exit 0")
    monkeypatch.setattr(main, "ROOT", environment.root)
    monkeypatch.setattr(sys, "argv", ["setup.py", "run"])
    main.main()
    log = python.with_name("python3.log").read_text()

    assert python.with_name("python3.log").read_text() == log
