"""The form of an action, made from its declaration."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from imageferry.actions.declaration import Field, Kind, Model, fields

Check = Callable[[Field, str], str]
"""What is wrong with a text as the value of a parameter; empty where nothing is."""

MAX_ITEMS = 100
"""How many items of a list are shown at the most, where its declaration says nothing."""


@dataclass(frozen=True)
class Input:
    """One value of a form.

    Attributes:
        name: The parameter's name on the wire.
        field: Its declaration.
        value: What was filled in.
        problem: What is wrong with that; ``missing`` where something has to be filled in.
    """

    name: str
    field: Field
    value: str
    problem: str
    is_missing: bool = False

    @property
    def choices(self) -> Sequence[str]:
        """The values to choose from; none where any text may be one."""
        if self.field.kind is Kind.BOOLEAN:
            return ("true", "false")
        return self.field.parameter.allowed


@dataclass(frozen=True)
class Item:
    """One of the items of a group. ``number`` is 0 where the group has one alone."""

    name: str
    number: int
    rows: Sequence[Row]


@dataclass(frozen=True)
class Group:
    """Values that belong together: the members of a struct, or the items of a list.

    Attributes:
        name: The parameter's name on the wire, without a number.
        field: Its declaration.
        items: The items that are shown.
    """

    name: str
    field: Field
    items: Sequence[Item]

    @property
    def may_grow(self) -> bool:
        """Whether the list may have another item."""
        return self.field.repeated and len(self.items) < _most(self.field)


Row: TypeAlias = "Input | Group"


class Form:
    """The form of a request, filled in with values.

    Args:
        model: The request.
        values: Values by their names on the wire.
        check: Tells what is wrong with a value.
        shows_problems: Whether somebody has tried to send it.
    """

    def __init__(
        self, model: type[Model], values: Mapping[str, str], check: Check, *, shows_problems: bool
    ) -> None:
        self._values = values
        self._check = check
        self._shows_problems = shows_problems
        self.rows = self._rows(model, "", is_used=True)

    @property
    def parameters(self) -> Mapping[str, str]:
        """What is filled in, by its names on the wire."""
        return {item.name: item.value for item in self.inputs() if item.value}

    def inputs(self) -> Iterator[Input]:
        """Every value of the form."""
        yield from _inputs(self.rows)

    @property
    def problems(self) -> int:
        """How many values cannot be sent."""
        return sum(1 for item in self.inputs() if item.problem or item.is_missing)

    def _rows(self, model: type[Model], prefix: str, *, is_used: bool) -> Sequence[Row]:
        return [self._row(field, prefix + field.wire, is_used) for field in fields(model)]

    def _row(self, field: Field, name: str, is_used: bool) -> Row:
        if field.repeated:
            last = min(_last_number(self._values, name), _most(field))
            numbers = range(1, last + 1)
            items = [self._item(field, f"{name}.{number}", number) for number in numbers]
            return Group(name, field, items)
        if field.model is not None:
            return Group(name, field, [self._item(field, name, 0)])
        return self._input(field, name, is_used)

    def _item(self, field: Field, name: str, number: int) -> Item:
        is_used = any(
            key == name or key.startswith(f"{name}.")
            for key, value in self._values.items()
            if value
        )
        if field.model is None:
            return Item(name, number, [self._input(field, name, is_used=False)])
        return Item(name, number, self._rows(field.model, f"{name}.", is_used=is_used))

    def _input(self, field: Field, name: str, is_used: bool) -> Input:
        value = self._values.get(name, "")
        if not self._shows_problems:
            return Input(name, field, value, "")
        if not value:
            return Input(name, field, value, "", is_missing=field.required and is_used)
        return Input(name, field, value, self._check(field, value))


def _most(field: Field) -> int:
    maximum = field.parameter.max_items
    return MAX_ITEMS if maximum is None else min(maximum, MAX_ITEMS)


def _inputs(rows: Sequence[Row]) -> Iterator[Input]:
    for row in rows:
        if isinstance(row, Input):
            yield row
        else:
            for item in row.items:
                yield from _inputs(item.rows)


def with_another(values: Mapping[str, str], name: str) -> dict[str, str]:
    """The values with one item more in a list, which is empty yet."""
    return {**values, f"{name}.{_last_number(values, name) + 1}": ""}


def without(values: Mapping[str, str], item: str) -> dict[str, str]:
    """The values without an item of a list; those behind it move up.

    Args:
        values: Values by their names on the wire.
        item: The list's name and the item's number, ``Tag.2``.
    """
    name, _, number = item.rpartition(".")
    return {
        moved: value
        for key, value in values.items()
        if (moved := _moved(key, name, int(number))) is not None
    }


def _moved(key: str, name: str, removed: int) -> str | None:
    match = re.fullmatch(rf"{re.escape(name)}\.(\d{{1,4}})(\..*)?", key)
    if match is None:
        return key
    number = int(match[1])
    if number == removed:
        return None
    return f"{name}.{number - (number > removed)}{match[2] or ''}"


def _last_number(values: Mapping[str, str], name: str) -> int:
    """The number of a list's last item; 0 where it has none."""
    found = re.compile(rf"{re.escape(name)}\.(\d{{1,4}})(\..*)?")
    return max((int(match[1]) for key in values if (match := found.fullmatch(key))), default=0)
