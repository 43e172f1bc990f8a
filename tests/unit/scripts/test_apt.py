"""Debian's packages are installed where we may, and their lists fetched where that helps."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from installation import apt

Program = Callable[[str, str], Path]

# Installs only after its lists were fetched, as on a machine that has none yet.
WITHOUT_LISTS = """
echo "$*" >> "$0.log"
case "$*" in
    *update) : > "$0.lists" ;;
    *install*) test -e "$0.lists" ;;
esac
"""


@pytest.fixture(autouse=True)
def _with_env(path: Path) -> None:
    (path / "env").symlink_to("/usr/bin/env")


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)


@pytest.fixture
def user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


@pytest.mark.usefixtures("root")
def test_another_system_installs_nothing() -> None:
    assert apt.privilege() is None
    assert not apt.install("qemu-utils")


@pytest.mark.usefixtures("root")
def test_root_installs_without_fetching_lists_first(program: Program) -> None:
    apt_get = program("apt-get", 'echo "$DEBIAN_FRONTEND $*" >> "$0.log"')

    assert apt.install("qemu-utils")

    (line,) = Path(f"{apt_get}.log").read_text().splitlines()
    assert line.startswith("noninteractive ")
    assert line.endswith(" install -y --no-install-recommends qemu-utils")


@pytest.mark.usefixtures("root")
def test_missing_lists_are_fetched(program: Program) -> None:
    apt_get = program("apt-get", WITHOUT_LISTS)

    assert apt.install("qemu-utils")

    first, second, third = Path(f"{apt_get}.log").read_text().splitlines()
    assert first == third
    assert second.endswith(" update")


@pytest.mark.usefixtures("root")
def test_a_package_that_cannot_be_had_says_why(
    program: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    program(
        "apt-get", "echo 'E: Unable to locate package'; case \"$*\" in *install*) exit 100; esac"
    )

    assert not apt.install("qemu-utils")
    assert "E: Unable to locate package" in capsys.readouterr().out


@pytest.mark.usefixtures("user")
def test_a_user_installs_by_a_sudo_that_asks_for_no_password(program: Program) -> None:
    apt_get = program("apt-get", 'echo "$*" >> "$0.log"')
    program("sudo", 'test "$1" = -n && shift && exec "$@"')

    assert apt.privilege() == ("sudo", "-n")
    assert apt.install("qemu-utils")
    assert "install" in Path(f"{apt_get}.log").read_text()


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize("sudo", [None, "echo 'a password is required'; exit 1"])
def test_a_user_who_may_not_installs_nothing(program: Program, sudo: str | None) -> None:
    apt_get = program("apt-get", 'echo "$*" >> "$0.log"')
    if sudo:
        program("sudo", sudo)

    assert not apt.install("qemu-utils")
    assert not Path(f"{apt_get}.log").exists()
