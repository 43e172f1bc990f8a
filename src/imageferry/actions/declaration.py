"""The words an action is declared with.

An action is declared once, as an :class:`Action`: its request and reply models,
its errors, its RAM action and its handler. Parameter parsing, JSON and XML,
the reference, the Explorer and the code samples are all made from that.

A model is a ``msgspec.Struct`` whose fields are annotated with a
:class:`Parameter` (requests) or a :class:`Member` (replies). The name of a field
on the wire is its own name in ECS's spelling: ``oss_bucket`` is ``OSSBucket``.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any, Generic, TypeVar

import msgspec

from imageferry.actions.errors import ErrorCode

_CAPITALS = {"oss": "OSS", "os": "OS", "kms": "KMS", "sha256": "SHA256"}


def wire_name(name: str) -> str:
    """A field's name as ECS spells it: ``os_name_en`` becomes ``OSNameEn``."""
    return "".join(_CAPITALS.get(word, word.capitalize()) for word in name.split("_"))


class Model(msgspec.Struct, frozen=True, kw_only=True, rename=wire_name, omit_defaults=False):
    """The base of every request, reply and part of one."""


class Reply(Model, frozen=True, kw_only=True):
    """The base of every reply. The gateway adds ``RequestId``."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """What the documentation says of a field in a reply.

    A field whose type allows ``None`` is left out of the reply when it is ``None``.
    """

    description: str
    example: str = ""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """What is known of a field in a request.

    Attributes:
        description: What it is for, in a sentence.
        example: A value that works.
        missing: The error where the field is required and absent; MissingParameter by default.
        malformed: The error of a value that breaks a rule below.
        malformed_in_first: The same for a part of a list's first item, where it differs.
        minimum, maximum: The least and the greatest number.
        min_length, max_length: The fewest and the most characters.
        pattern: A regular expression that the whole text matches.
        rule: The pattern in words.
        allowed: The values, compared without case; the caller's spelling is kept.
        forbidden_prefixes, forbidden_substrings: What the text must not begin with
            or hold, compared without case.
        ascii_only: Whether characters beyond ASCII break the rules.
        empty_is_absent: Whether an empty value counts as none given (it is for all
            but texts that may be empty).
        max_items: The most items of a list.
        excess_ignored: Whether further items are left out silently rather than refused.
        aliases: Other names on the wire.
        deprecated: Whether the contract calls it deprecated.
        unused: Why it is accepted and has no effect, where that is so.
    """

    description: str
    example: str = ""
    missing: ErrorCode | None = None
    malformed: ErrorCode | None = None
    malformed_in_first: ErrorCode | None = None
    minimum: int | None = None
    maximum: int | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    rule: str = ""
    allowed: tuple[str, ...] = ()
    forbidden_prefixes: tuple[str, ...] = ()
    forbidden_substrings: tuple[str, ...] = ()
    ascii_only: bool = False
    empty_is_absent: bool = True
    max_items: int | None = None
    excess_ignored: bool = False
    aliases: tuple[str, ...] = ()
    deprecated: bool = False
    unused: str = ""


class Kind(Enum):
    """How a field travels."""

    STRING = "string"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    STRUCT = "struct"


@dataclass(frozen=True)
class Field:
    """One field of a model, as its declaration says."""

    name: str
    wire: str
    kind: Kind
    repeated: bool
    required: bool
    default: Any
    note: Parameter | Member
    model: type[Model] | None

    @property
    def parameter(self) -> Parameter:
        """The rules of a request's field."""
        assert isinstance(self.note, Parameter)  # noqa: S101 - a declaration's own mistake
        return self.note


Call = TypeVar("Call")
Request = TypeVar("Request", bound=Model)
Answer = TypeVar("Answer", bound=Reply)


Item = TypeVar("Item")


class Items(tuple[Item, ...]):
    """A list that came on the wire, where its items need not be numbered without gaps.

    Attributes:
        numbers: The number of each item.
    """

    numbers: tuple[int, ...]


def numbered(items: tuple[Item, ...]) -> Iterator[tuple[int, Item]]:
    """The items of a list, each with the number that the caller knows it by."""
    numbers = items.numbers if isinstance(items, Items) else range(1, len(items) + 1)
    return zip(numbers, items, strict=True)


def to_wire(model: Model) -> dict[str, Any]:
    """A model as plain values under its names on the wire; what is ``None`` is left out."""
    plain: dict[str, Any] = _without_none(msgspec.to_builtins(model))
    return plain


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_none(part) for name, part in value.items() if part is not None}
    if isinstance(value, list | tuple):
        return [_without_none(part) for part in value]
    return value


_KINDS = {str: Kind.STRING, int: Kind.INTEGER, bool: Kind.BOOLEAN}


@cache
def fields(model: type[Model]) -> tuple[Field, ...]:
    """The fields of a model in the order of their declaration."""
    hints = typing.get_type_hints(model, include_extras=True)
    return tuple(_field(item, hints[item.name]) for item in msgspec.structs.fields(model))


def _field(item: msgspec.structs.FieldInfo, hint: Any) -> Field:
    inner, *notes = typing.get_args(hint)
    note = next(note for note in notes if isinstance(note, Parameter | Member))
    if isinstance(inner, types.UnionType):
        inner = next(part for part in typing.get_args(inner) if part is not types.NoneType)
    repeated = typing.get_origin(inner) is tuple
    if repeated:
        inner = typing.get_args(inner)[0]
    is_model = isinstance(inner, type) and issubclass(inner, Model)
    return Field(
        name=item.name,
        wire=item.encode_name,
        kind=Kind.STRUCT if is_model else _KINDS[inner],
        repeated=repeated,
        required=item.required,
        default=None if item.required else item.default,
        note=note,
        model=inner if is_model else None,
    )


@dataclass(frozen=True, kw_only=True)
class Action(Generic[Call, Request, Answer]):
    """One action of the API.

    Attributes:
        name: Its name on the wire.
        summary: What it does, in a sentence.
        request, reply: Its models.
        errors: The codes it raises beyond those that every action can.
        policy: The RAM action that a policy allows or denies.
        handler: What carries it out. It may block; it raises
            :class:`~imageferry.actions.errors.ServiceError`.
        example: Parameters of a call that shows what it is for.
    """

    name: str
    summary: str
    request: type[Request]
    reply: type[Answer]
    errors: tuple[ErrorCode, ...]
    policy: str
    handler: Callable[[Call, Request], Answer]
    example: dict[str, str]
