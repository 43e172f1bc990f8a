"""Options made from the declaration of an action: one of each scalar parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from imageferry.actions.declaration import Field, Kind, Model, fields
from imageferry.cli.values import OneOf, Text, WholeNumber

_LONGEST_CHOICE = 60

Command = TypeVar("Command", bound=Callable[..., Any])


def parameters(
    model: type[Model], *, flags: Mapping[str, str] | None = None, without: tuple[str, ...] = ()
) -> Callable[[Command], Command]:
    """Adds an option for every parameter of a model that has an effect.

    The command receives their values by :func:`wire_values`.

    Args:
        model: The request, or a part of one.
        flags: For a field's name the flag's, where it is to be another.
        without: Fields that the command takes in a way of its own.
    """

    def decorate(command: Command) -> Command:
        for item in reversed(fields(model)):
            if item.name not in without and _is_offered(item):
                flag = (flags or {}).get(item.name) or "--" + item.name.replace("_", "-")
                command = _option(item, flag)(command)
        return command

    return decorate


def wire_values(model: type[Model], values: Mapping[str, Any]) -> dict[str, Any]:
    """What a command received for a model's options, by the names on the wire.

    Options that were not given are left out: the API has its own defaults.
    """
    return {
        item.wire: values[item.name]
        for item in fields(model)
        if values.get(item.name) not in {None, False}
    }


def _is_offered(item: Field) -> bool:
    note = item.parameter
    scalar = item.kind is not Kind.STRUCT and not item.repeated
    return scalar and not note.unused and not note.deprecated


def _option(item: Field, flag: str) -> Callable[[Command], Command]:
    note = item.parameter
    if item.kind is Kind.BOOLEAN:
        return click.option(flag, item.name, is_flag=True, help=note.description)
    help_text, metavar = note.description, None
    if len(" ".join(note.allowed)) > _LONGEST_CHOICE:
        help_text, metavar = f"{help_text} One of {', '.join(note.allowed)}.", "NAME"
    elif note.allowed:
        metavar = "|".join(note.allowed)
    elif item.kind is Kind.INTEGER:
        metavar = "NUMBER"
    return click.option(flag, item.name, type=_type(item), metavar=metavar, help=help_text)


def _type(item: Field) -> click.ParamType[Any]:
    note = item.parameter
    if note.allowed:
        return OneOf(note.allowed)
    if item.kind is Kind.INTEGER:
        return WholeNumber(note.minimum, note.maximum)
    return Text(note)
