from __future__ import annotations

import shlex
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from imageferry import __version__, settings
from imageferry.cli.main import VERBS, main
from imageferry.cli.options import CLIENT_SETTINGS, COMMON_OPTIONS
from imageferry.cli.verb import Verb


def verb(name: str) -> Verb:
    command = main.get_command(click.Context(main), name)
    assert isinstance(command, Verb)
    return command


def test_the_version_is_told() -> None:
    assert CliRunner().invoke(main, ["--version"]).output == f"imageferry, version {__version__}\n"


@pytest.mark.parametrize("name", VERBS)
def test_the_help_of_a_verb_explains_it_with_examples(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])

    assert result.exit_code == 0
    assert f"Examples:\n  imageferry {name}" in result.output
    assert verb(name).examples
    assert f"  {name} " in CliRunner().invoke(main, ["--help"]).output


@pytest.mark.parametrize("name", VERBS)
def test_the_examples_of_a_verb_can_be_parsed(name: str) -> None:
    for example in verb(name).examples:
        program, word, *arguments = shlex.split(example)

        assert (program, word) == ("imageferry", name)
        assert verb(name).make_context(name, arguments).args == []


@pytest.mark.parametrize("name", [name for name in VERBS if name not in {"serve", "worker"}])
def test_a_client_has_the_common_options(name: str) -> None:
    names = {parameter.name for parameter in verb(name).params}

    assert names >= COMMON_OPTIONS


@pytest.mark.parametrize("name", ["serve", "worker"])
def test_every_setting_is_a_flag_of_the_service(name: str) -> None:
    flags = {flag for parameter in verb(name).params for flag in parameter.opts}

    assert flags >= {setting.flag for setting in settings.declared()}


def test_the_settings_of_clients_exist() -> None:
    assert set(CLIENT_SETTINGS) <= {setting.name for setting in settings.declared()}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["ferry"], "No such command 'ferry'"),
        (["tasks", "--page-size", "0"], "--page-size"),
        (["--ecs-endpoint", "nonsense://", "tasks"], "--ecs-endpoint"),
        (["export", "m-1"], "say where to"),
        (["export", "m-1", "oss://abc", "--bucket", "abc"], "give either"),
        (["export", "m-1", "oss://abc", "--no-wait", "--output", "x"], "leave out --no-wait"),
        (["import", "no-such-file.raw"], "cannot be read: No such file"),
        (["tasks", "--status", "Done"], "is not one of Finished, Processing, Failed"),
        (["images", "--status", "available,done"], "expected some of Creating, Waiting"),
        (["export", "m-1", "oss://Golden"], "small letters, digits and dashes"),
        (["import", "oss://abc/x", "--name", "x"], "expected 2 to 128 characters"),
        (["import", "oss://bucket"], "names no object"),
        (["import", "oss://abc/b", "--tag", "x"], "expected KEY=VALUE"),
        (["buckets", "--create"], "needs the name"),
        (["buckets", "oss://abc/b", "--create"], "a bucket alone"),
        (["serve", "--ecs-port", "99999"], "--ecs-port"),
        (["worker", "--verify", "maybe"], "--verify"),
    ],
)
def test_a_wrong_command_line_is_explained(arguments: list[str], told: str) -> None:
    result = CliRunner().invoke(main, arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr


def test_a_wrong_variable_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGEFERRY_NO_SUCH", "1")

    result = CliRunner().invoke(main, ["tasks"])

    assert result.exit_code == 2
    assert "IMAGEFERRY_NO_SUCH is no setting" in result.stderr


def test_a_client_starts_without_loading_the_service() -> None:
    heavy = ("dbos", "uvicorn", "alibabacloud_oss_v2", "imageferry.service")
    program = (
        "import sys\nfrom imageferry.cli.main import main\nmain(['tasks', '--help'], "
        f"standalone_mode=False)\nprint([name for name in {heavy!r} if name in sys.modules])"
    )

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert ended.stdout.splitlines()[-1] == b"[]"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--create", "--console"],
        ["--console", "--bearer-token", "1"],
        ["--disable", "a", "--delete", "a"],
        ["--enable", "a", "--withdraw-bearer-tokens"],
    ],
)
def test_keys_makes_one_thing_at_a_time(arguments: list[str]) -> None:
    result = CliRunner().invoke(main, ["keys", *arguments])

    assert result.exit_code == 2
    assert "choose one of them" in result.output
