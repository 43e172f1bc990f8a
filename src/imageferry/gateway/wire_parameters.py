"""The parameters of a request, out of its query, its form body and its JSON body.

A parameter that is given twice is refused: what was signed and what is used must
not be able to differ. An exact repetition counts once, because the official
clients merge query and body into one map before they sign.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import unquote_to_bytes

from imageferry.actions import error_codes
from imageferry.gateway.request import FORM, JSON, MAX_BODY_BYTES, MAX_QUERY_BYTES, Request
from imageferry.gateway.texts import shown
from imageferry.signing.encoding import Pair

MAX_PARAMETERS = 500
"""The contract's largest request has about 180: 100 resource ids, or 17 disks and 20 tags."""

MAX_NAME_CHARACTERS = 128
"""The longest name of the contract has under 50."""

MAX_VALUE_CHARACTERS = 8192
"""The longest value of the contract is 100 task ids, under 3,000; security tokens are as long."""

_MALFORMED_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True)
class WireParameters:
    """What a request says.

    Attributes:
        query: The query's parameters as given.
        pairs: All parameters, each once.
        values: The same by name in lower case.
    """

    query: tuple[Pair, ...]
    pairs: tuple[Pair, ...]
    values: Mapping[str, str]

    def get(self, name: str) -> str:
        """A parameter's value by its name without regard to case, or nothing."""
        return self.values.get(name.lower(), "")


def read_wire_parameters(request: Request) -> WireParameters:
    """Take a request's parameters apart.

    A JSON body is read with signature version 3 only: version 1 does not sign it.

    Raises:
        ServiceError: RequestEntityTooLarge over a limit; InvalidParameter for
            what is no UTF-8, no percent-encoding or no JSON, holds U+0000, or is
            given twice.
    """
    _refuse_over(len(request.body), MAX_BODY_BYTES, "bytes in the body")
    _refuse_over(len(request.raw_query), MAX_QUERY_BYTES, "bytes in the query")
    query = _checked(_urlencoded(request.raw_query))
    body = _checked(_body_pairs(request))
    _refuse_over(len(query) + len(body), MAX_PARAMETERS, "parameters")
    pairs = tuple(dict.fromkeys((*query, *body)))
    return WireParameters(query, pairs, _by_name(pairs))


def _body_pairs(request: Request) -> Iterable[Pair]:
    if request.media_type == FORM:
        return _urlencoded(request.body)
    if request.media_type == JSON and request.speaks_v3 and request.body:
        return _flattened_json(request.body)
    return ()


def _urlencoded(encoded: bytes) -> Iterator[Pair]:
    _refuse_over(encoded.count(b"&") + 1, MAX_PARAMETERS, "parameters")
    for item in encoded.split(b"&"):
        if item:
            name, _, value = item.partition(b"=")
            decoded = _decoded(name, name)
            yield decoded, _decoded(value, name)


def _decoded(encoded: bytes, name: bytes) -> str:
    if _MALFORMED_ESCAPE.search(encoded):
        _refuse(_readable(name), "a % is not followed by two hexadecimal digits", "write it as %25")
    try:
        return unquote_to_bytes(encoded.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        _refuse(_readable(name), "the bytes are no UTF-8", "encode text as UTF-8")


def _readable(name: bytes) -> str:
    return unquote_to_bytes(name).decode(errors="replace")


def _checked(pairs: Iterable[Pair]) -> tuple[Pair, ...]:
    checked = tuple(pairs)
    for name, value in checked:
        _refuse_over(len(name), MAX_NAME_CHARACTERS, "characters in a parameter's name")
        _refuse_over(len(value), MAX_VALUE_CHARACTERS, f"characters in the value of {shown(name)}")
        if "\0" in name or "\0" in value:
            _refuse(name, "it holds the character U+0000", "leave that character out")
    return checked


def _by_name(pairs: Iterable[Pair]) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in pairs:
        if name.lower() in values:
            _refuse(name, "it is given more than once", "give it once, in the query or in the body")
        values[name.lower()] = value
    return values


@dataclass(frozen=True)
class _Object:
    """A JSON object whose repeated names are still there to be refused."""

    members: list[tuple[str, Any]]


def _flattened_json(body: bytes) -> Iterator[Pair]:
    try:
        document = json.loads(
            body.decode(),
            object_pairs_hook=_Object,
            parse_int=str,
            parse_float=str,
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError):
        _refuse("body", "it is no JSON, though Content-Type says so", "send a JSON object")
    if not isinstance(document, _Object):
        _refuse("body", "it is JSON, but no object", "send an object of parameters")
    return _flattened(document, "")


def _no_constant(text: str) -> NoReturn:
    raise ValueError(text)


def _flattened(value: Any, name: str) -> Iterator[Pair]:
    _refuse_over(len(name), MAX_NAME_CHARACTERS, "characters in a parameter's name")
    prefix = f"{name}." if name else ""
    if isinstance(value, _Object):
        for key, member in value.members:
            if not key:
                _refuse(name or "body", "a member of it has no name", "name every member")
            yield from _flattened(member, prefix + _encodable(key, name))
    elif isinstance(value, list):
        for number, item in enumerate(value, start=1):
            yield from _flattened(item, f"{prefix}{number}")
    elif isinstance(value, bool):
        yield name, str(value).lower()
    elif value is not None:
        yield name, _encodable(value, name)


def _encodable(text: str, name: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        _refuse(name or "body", "it holds half of a surrogate pair", "send whole characters")
    return text


def _refuse(name: str, problem: str, remedy: str) -> NoReturn:
    raise error_codes.INVALID_PARAMETER.error(
        f"{shown(name)} cannot be read: {problem}. To correct it, {remedy}.", name=shown(name)
    )


def _refuse_over(number: int, limit: int, what: str) -> None:
    if number > limit:
        raise error_codes.REQUEST_TOO_LARGE.error(limit=f"at most {limit} {what}")
