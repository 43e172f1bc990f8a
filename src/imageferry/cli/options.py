"""What can be said on the command line besides a verb's own words."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import click

from imageferry import settings as configuration
from imageferry.settings import Setting, SettingError, Settings

CLIENT_SETTINGS = (
    "ecs_endpoint",
    "oss_endpoint",
    "access_key_id",
    "access_key_secret",
    "data_dir",
)
"""The settings that a client of the API has a use for."""

COMMON_OPTIONS = frozenset({*CLIENT_SETTINGS, "region", "as_json"})
"""The names of the options that :func:`client_options` adds."""

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass
class Invocation:
    """The common options of one run of the command.

    They may stand before the verb and behind it; the latter win.

    Attributes:
        flags: Settings given as flags, by name.
        region: The region asked for; empty for the default.
        as_json: Whether the result is to be one JSON document.
    """

    flags: dict[str, str] = field(default_factory=dict)
    region: str = ""
    as_json: bool = False

    def settings(self) -> Settings:
        """The settings of the environment and the flags.

        Raises:
            click.UsageError: one of them cannot be used.
        """
        try:
            settings = configuration.load(os.environ, self.flags)
        except SettingError as error:
            raise click.UsageError(str(error)) from None
        if not self.region:
            return settings
        return replace(settings, regions=(self.region, *settings.regions))


pass_invocation = click.make_pass_decorator(Invocation, ensure=True)
"""Hands a command the common options as its first argument."""


def setting_options(names: Iterable[str] | None = None) -> Callable[[Command], Command]:
    """Adds the flags of settings to a command.

    Args:
        names: The settings; all where not given.
    """
    wanted = None if names is None else set(names)
    chosen = [item for item in configuration.declared() if wanted is None or item.name in wanted]

    def decorate(command: Command) -> Command:
        for setting in reversed(chosen):
            command = _setting_option(setting)(command)
        return command

    return decorate


def client_options(command: Command) -> Command:
    """Adds the options of a client of the API to a command."""
    for option in (
        click.option(
            "--json",
            "as_json",
            is_flag=True,
            default=None,
            expose_value=False,
            callback=_keep_json,
            help="Print one JSON document, and nothing else.",
        ),
        click.option(
            "--region",
            metavar="REGION",
            expose_value=False,
            callback=_keep_region,
            help="Region to work in. Default: the first of the setting regions.",
        ),
        setting_options(CLIENT_SETTINGS),
    ):
        command = option(command)
    return command


def _setting_option(setting: Setting) -> Callable[[Command], Command]:
    def keep(context: click.Context, _option: click.Parameter, value: str | None) -> None:
        if value is not None:
            context.ensure_object(Invocation).flags[setting.name] = value

    return click.option(
        setting.flag,
        metavar="TEXT" if not setting.secret else "SECRET",
        expose_value=False,
        callback=keep,
        help=f"{setting.help}  [{setting.variable}]",
    )


def _keep_region(context: click.Context, _option: click.Parameter, value: str | None) -> None:
    if value is not None:
        context.ensure_object(Invocation).region = value


def _keep_json(context: click.Context, _option: click.Parameter, value: bool | None) -> None:
    if value is not None:
        context.ensure_object(Invocation).as_json = value
