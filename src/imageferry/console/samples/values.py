"""A call's parameters as a program states them: nested values instead of numbered names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from imageferry.actions.declaration import Field, Kind, Model, fields


@dataclass(frozen=True)
class Struct:
    """Values under names.

    Attributes:
        type_name: What the official SDKs call the class of it.
        members: The values by their names on the wire, in the order of the declaration.
    """

    type_name: str
    members: Mapping[str, Value]


Value: TypeAlias = "str | int | bool | tuple[Value, ...] | Struct"


def nested(model: type[Model], type_name: str, parameters: Mapping[str, str]) -> Struct:
    """The values that parameters stand for.

    A value that its declaration does not allow stays the text that it is. What
    the declaration does not know is left out, as the service ignores it.

    Args:
        model: The action's request.
        type_name: What the SDKs call the class of it.
        parameters: Values by their names on the wire.
    """
    return Struct(type_name, dict(_members(model, type_name, parameters, "")))


def _members(
    model: type[Model], type_name: str, parameters: Mapping[str, str], prefix: str
) -> Iterator[tuple[str, Value]]:
    for field in fields(model):
        name = prefix + field.wire
        inner = type_name + field.wire
        if field.repeated:
            numbers = _numbers(parameters, f"{name}.")
            items = [_one(field, inner, parameters, f"{name}.{number}") for number in numbers]
            value: Value | None = tuple(item for item in items if item is not None) or None
        else:
            value = _one(field, inner, parameters, name)
        if value is not None:
            yield field.wire, value


def _one(field: Field, type_name: str, parameters: Mapping[str, str], name: str) -> Value | None:
    if field.model is not None:
        members = dict(_members(field.model, type_name, parameters, f"{name}."))
        return Struct(type_name, members) if members else None
    text = parameters.get(name)
    return None if text is None else _scalar(field.kind, text)


def _scalar(kind: Kind, text: str) -> Value:
    if kind is Kind.BOOLEAN and text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if kind is Kind.INTEGER and text.isascii() and text.isdigit():
        return int(text)
    return text


def _numbers(parameters: Mapping[str, str], prefix: str) -> Sequence[str]:
    """The numbers of a list's items, in their order."""
    below = {
        name[len(prefix) :].partition(".")[0] for name in parameters if name.startswith(prefix)
    }
    return sorted((number for number in below if number.isdecimal()), key=int)
