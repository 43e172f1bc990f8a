"""From the parameters on the wire to an action's request, by its declaration alone.

Lists travel as ``Name.N`` or ``Name.N.Member`` with N from 1, in any order and with
gaps; structs travel as ``Name.Member``. Names are matched without regard to case;
what no declaration knows is ignored, as ECS does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from imageferry.actions import error_codes
from imageferry.actions.declaration import Field, Items, Model, fields
from imageferry.actions.errors import ServiceError
from imageferry.gateway.texts import shown
from imageferry.gateway.values import BrokenRuleError, parse

AnyModel = TypeVar("AnyModel", bound=Model)

_NUMBER = re.compile(r"[0-9]+")
_IN_FIRST = re.compile(r"\.1\.")


def read(model: type[AnyModel], parameters: Mapping[str, str]) -> AnyModel:
    """Make an action's request of parameters.

    Raises:
        ServiceError: a parameter is missing or breaks a rule of its declaration.
    """
    return _Reader({name.lower(): value for name, value in parameters.items()}).struct(model, "")


class _Reader:
    """Reads models out of parameters, whose names are in lower case."""

    def __init__(self, parameters: Mapping[str, str]) -> None:
        self._parameters = parameters

    def struct(self, model: type[AnyModel], prefix: str) -> AnyModel:
        return model(**{field.name: self._field(field, prefix) for field in fields(model)})

    def _field(self, field: Field, prefix: str) -> Any:
        value = self._repeated(field, prefix) if field.repeated else self._one(field, prefix)
        if value is not None:
            return value
        if field.required:
            raise _missing(field, prefix)
        return field.default

    def _one(self, field: Field, prefix: str) -> Any:
        """A field's value, or None where it is absent."""
        for wire in (field.wire, *field.parameter.aliases):
            value = self._value(field, prefix + wire)
            if value is not None:
                return value
        return None

    def _value(self, field: Field, name: str) -> Any:
        if field.model is not None:
            return self.struct(field.model, f"{name}.") if self._any_below(name) else None
        text = self._parameters.get(name.lower())
        if text is None or (text == "" and field.parameter.empty_is_absent):
            return None
        try:
            return parse(field, text)
        except BrokenRuleError as broken:
            raise _malformed(field, name, f"is '{shown(text)}'", str(broken)) from None

    def _repeated(self, field: Field, prefix: str) -> Items[Any] | None:
        for wire in (field.wire, *field.parameter.aliases):
            found = {
                int(number): value
                for number in self._numbers(field, prefix + wire)
                if (value := self._value(field, f"{prefix}{wire}.{number}")) is not None
            }
            if found:
                items = Items(found.values())
                items.numbers = tuple(found)
                return items
        return None

    def _numbers(self, field: Field, name: str) -> list[str]:
        """The numbers of a list's items in order, as they are written."""
        start = len(name) + 1
        below = {key[start:].partition(".")[0] for key in self._below(name)}
        numbers = sorted((item for item in below if _NUMBER.fullmatch(item)), key=int)
        for number in numbers:
            if number.startswith("0"):
                raise _malformed(field, name, f"has an item {number}", "number the items from 1")
        maximum = field.parameter.max_items
        if maximum is not None and len(numbers) > maximum and not field.parameter.excess_ignored:
            raise _malformed(field, name, f"has {len(numbers)} items", f"send at most {maximum}")
        return numbers[:maximum]

    def _any_below(self, name: str) -> bool:
        return any(True for _ in self._below(name))

    def _below(self, name: str) -> list[str]:
        prefix = f"{name}.".lower()
        return [key for key in self._parameters if key.startswith(prefix)]


def _missing(field: Field, prefix: str) -> ServiceError:
    name, sample = _sample(field, prefix)
    example = f" Example: {sample.parameter.example}." if sample.parameter.example else ""
    code = field.parameter.missing or error_codes.MISSING_PARAMETER
    return code.error(f"Send {name}: {sample.parameter.description}{example}", name=name)


def _sample(field: Field, prefix: str) -> tuple[str, Field]:
    """The first parameter that would have to be sent, and its declaration."""
    name = f"{prefix}{field.wire}" + (".1" if field.repeated else "")
    if field.model is None:
        return name, field
    members = fields(field.model)
    first = next((member for member in members if member.required), members[0])
    return _sample(first, f"{name}.")


def _malformed(field: Field, name: str, found: str, rule: str) -> ServiceError:
    rules = field.parameter
    in_first = rules.malformed_in_first if _IN_FIRST.search(name) else None
    code = in_first or rules.malformed or error_codes.INVALID_PARAMETER
    reason = f"{name} {found}: {rule}."
    return code.error(reason, name=name, reason=reason)
