"""The browser of the console's tests: the system's, else Debian's, else one sentence."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from installation import chromium
from installation.commands import SetupError

Program = Callable[[str, str], Path]


@pytest.fixture(autouse=True)
def _as_root(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (path / "env").symlink_to("/usr/bin/env")


def test_the_systems_is_left_alone(program: Program) -> None:
    program("chromium", "exit 0")
    apt_get = program("apt-get", ': > "$0.called"')

    chromium.prepare()

    assert not Path(f"{apt_get}.called").exists()


def test_it_is_installed_where_it_is_missing(program: Program, path: Path) -> None:
    browser = path / "chromium"
    program(
        "apt-get",
        f'case "$*" in *" chromium") echo exit > {browser}; /bin/chmod +x {browser} ;; esac',
    )

    chromium.prepare()

    assert browser.exists()


def test_a_machine_that_cannot_have_one_is_told_so(program: Program) -> None:
    program("apt-get", "exit 1")

    with pytest.raises(SetupError, match="Chromium, which the console is tested in, is missing"):
        chromium.prepare()
