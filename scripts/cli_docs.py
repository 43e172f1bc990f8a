"""The page of the command, made from its verbs."""

from __future__ import annotations

import inspect

import click

from imageferry import settings
from imageferry.cli.errors import ExitCode
from imageferry.cli.main import main
from imageferry.cli.options import COMMON_OPTIONS
from imageferry.cli.verb import Verb

_HEAD = """\
# The command

<!-- Made from src/imageferry/cli by `make docs`: change it there. -->

`imageferry` is the service and its client. Every verb explains itself with `--help`.

Results go to standard output, as tables on a terminal and as lines of tabs without a head in a
pipe; progress and errors go to standard error. With `--json` standard output has one JSON
document and nothing else: the API's reply, or `{"Error": …}`.

A service on this machine is found by its data folder, and so is its access key. For any other,
give `--ecs-endpoint`, `--oss-endpoint` (where it is not on the same host) and an access key; the
variables of the [settings](settings.md) keep the key off the command line.

"""

_SETTINGS = {setting.name for setting in settings.declared()}
"""Options that the page of settings tells."""


def cli_page() -> str:
    """The page of every verb, its options and the exit codes."""
    context = click.Context(main, info_name="imageferry")
    verbs = [_verb(context, name) for name in main.list_commands(context)]
    return _HEAD + _exit_codes() + _common_options(context) + "".join(verbs)


def _exit_codes() -> str:
    rows = [f"| {code.value} | {code.meaning} |\n" for code in ExitCode]
    return "## Exit codes\n\n| Code | Meaning |\n| --- | --- |\n" + "".join(rows) + "\n"


def _common_options(context: click.Context) -> str:
    options = [
        option
        for option in main.get_params(context)
        if isinstance(option, click.Option) and option.name in COMMON_OPTIONS
    ]
    text = "Before the verb or behind it; `serve` and `worker` take all settings as flags.\n\n"
    return "## Common options\n\n" + text + _options(context, options) + "\n"


def _verb(parent: click.Context, name: str) -> str:
    command = main.get_command(parent, name)
    assert isinstance(command, Verb)
    context = click.Context(command, info_name=f"imageferry {name}")
    own = [
        option
        for option in command.options(context)[0]
        if option.name not in _SETTINGS and "--help" not in option.opts
    ]
    usage = " ".join([f"imageferry {name}", *command.collect_usage_pieces(context)])
    examples = "\n".join(command.examples)
    parts = [
        f"## {name}\n\n`{usage}`\n\n{_prose(command.help or '')}\n",
        f"\n```console\n{examples}\n```\n\n",
        _options(context, own) + "\n" if own else "",
    ]
    return "".join(parts)


def _prose(text: str) -> str:
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _options(context: click.Context, options: list[click.Option]) -> str:
    rows = []
    for option in options:
        record = option.get_help_record(context)
        assert record is not None
        flag, text = (cell.replace("|", "\\|") for cell in record)
        rows.append(f"| `{flag}` | {text} |\n")
    return "| Option | Meaning |\n| --- | --- |\n" + "".join(rows)
