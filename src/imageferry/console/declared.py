"""What the actions' declarations say of values to choose from, for forms of our own."""

from __future__ import annotations

from imageferry.actions.declaration import Model, fields


def choices(model: type[Model], name: str) -> tuple[str, ...]:
    """The values that a parameter may have, by its name on the wire.

    Raises:
        StopIteration: the request has no such parameter.
    """
    return next(field.parameter.allowed for field in fields(model) if field.wire == name)


def longest(model: type[Model], name: str) -> int | None:
    """The most characters that a parameter may have, where there is a limit.

    Raises:
        StopIteration: the request has no such parameter.
    """
    return next(field.parameter.max_length for field in fields(model) if field.wire == name)
