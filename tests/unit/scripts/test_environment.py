"""The virtual environment: made once, made anew when what it was made from has changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from installation.commands import SetupError
from installation.environment import Environment


def calls(python: Path) -> list[str]:
    log = python.with_name(python.name + ".log")
    lines = log.read_text().splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return lines


def test_it_installs_build_packages_then_the_locks_then_the_project(
    environment: Environment, python: Path
) -> None:
    environment.prepare("run")

    assert f"-m venv --clear {environment.folder}" in calls(python)
    requirements = environment.root / "requirements"
    build, packages, project = calls(environment.python)
    assert build.endswith(f"-r {requirements / 'build.lock'}")
    assert packages.endswith(f"-r {requirements / 'run.lock'} -r {requirements / 'sample.lock'}")
    assert project.endswith(f"--editable {environment.root}")
    assert "--require-hashes" in build
    assert "--require-hashes" in packages


def test_a_second_call_runs_nothing(environment: Environment, python: Path) -> None:
    environment.prepare("run")
    calls(python)
    calls(environment.python)

    environment.prepare("run")

    assert calls(python) == calls(environment.python) == []


@pytest.mark.usefixtures("python")
def test_what_the_tests_need_holds_what_the_service_needs(environment: Environment) -> None:
    environment.prepare("test")

    assert environment.has("run")


@pytest.mark.usefixtures("python")
def test_what_the_service_needs_is_not_enough_for_the_tests(environment: Environment) -> None:
    environment.prepare("run")

    assert environment.has("run")
    assert not environment.has("test")


@pytest.mark.usefixtures("python")
@pytest.mark.parametrize(
    "name", ["requirements/run.lock", "requirements/build.lock", "pyproject.toml"]
)
def test_a_change_is_installed(environment: Environment, name: str) -> None:
    environment.prepare("run")
    calls(environment.python)
    (environment.root / name).write_text("changed")

    assert not environment.has("run")
    environment.prepare("run")

    assert len(calls(environment.python)) == 3
    assert environment.has("run")


def test_a_copy_that_has_moved_gets_an_environment_of_its_own(
    environment: Environment, python: Path
) -> None:
    environment.prepare("run")
    calls(python)
    moved = Environment(environment.root.rename(environment.root.with_name("moved")))

    assert not moved.has("run")
    moved.prepare("run")

    assert f"-m venv --clear {moved.folder}" in calls(python)
    assert moved.has("run")


@pytest.mark.usefixtures("python")
@pytest.mark.parametrize("words", ["build.lock", "run.lock", "--editable"])
def test_packages_that_cannot_be_installed_are_tried_again(
    environment: Environment,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("FAIL_ON", words)
    with pytest.raises(SetupError, match="for the reason above"):
        environment.prepare("run")

    assert "no way" in capsys.readouterr().out
    assert not environment.has("run")

    monkeypatch.setenv("FAIL_ON", "")
    environment.prepare("run")
    assert environment.has("run")


@pytest.mark.usefixtures("python")
def test_an_environment_that_cannot_be_made_leaves_nothing(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIL_ON", "-m venv")

    with pytest.raises(SetupError, match="could not be made"):
        environment.prepare("run")

    assert not environment.folder.exists()


@pytest.mark.usefixtures("python")
def test_a_python_without_ensurepip_names_the_package(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIL_ON", "import ensurepip")

    with pytest.raises(SetupError, match=r"install python3\.\d+-venv \(Debian and Ubuntu: `sudo "):
        environment.prepare("run")
