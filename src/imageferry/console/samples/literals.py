"""Values as each language writes them.

What cannot be printed, and what turns the direction of text around, is written
as an escape: code that is copied is what is seen.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable

from imageferry.console.samples.values import Struct, Value

_LAST_OF_PLANE_0 = 0xFFFF
_FIRST_PRINTED = 0x20
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_WORDS = re.compile(r"([a-z0-9])([A-Z])")
_LONG = frozenset({"ImageOwnerId"})
"""Numbers of 64 bits: all others of the SDKs have 32."""


def _four_digits(code: int) -> str:
    return f"\\u{code:04x}"


def _eight_digits(code: int) -> str:
    return f"\\U{code:08x}"


def _surrogates(code: int) -> str:
    encoded = chr(code).encode("utf-16-be")
    return f"\\u{encoded[:2].hex()}\\u{encoded[2:].hex()}"


def _octal(code: int) -> str:
    # Java reads \\u000a before it looks for strings: it would end the line.
    return f"\\{code:03o}"


def snake_case(name: str) -> str:
    """A name as the Python SDK spells it: ``OSSBucket`` becomes ``ossbucket``."""
    return _WORDS.sub(r"\1_\2", name).lower()


def camel_case(name: str) -> str:
    """A name as the Node.js SDK spells it: ``ImageId`` becomes ``imageId``; ``OSType`` stays."""
    return name if name[:2].isupper() else name[0].lower() + name[1:]


def python(value: Value, indent: int = 0) -> str:
    """A value in Python; structs are the SDK's models."""
    match value:
        case bool():
            return str(value)
        case int():
            return str(value)
        case str():
            return _quoted(value, _eight_digits)
        case tuple():
            return _block("[", (python(item, indent + 4) for item in value), "]", indent, 4)
        case Struct():
            members = (
                f"{snake_case(name)}={python(member, indent + 4)}"
                for name, member in value.members.items()
            )
            return _block(f"models.{value.type_name}(", members, ")", indent, 4)


def node(value: Value, indent: int = 0) -> str:
    """A value in JavaScript; structs are the SDK's models."""
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case str():
            return _quoted(value, lambda code: f"\\u{{{code:x}}}")
        case tuple():
            return _block("[", (node(item, indent + 2) for item in value), "]", indent, 2)
        case Struct():
            members = (
                f"{camel_case(name)}: {node(member, indent + 2)}"
                for name, member in value.members.items()
            )
            return _block(f"new Ecs.{value.type_name}({{", members, "})", indent, 2)


def go(value: Value, indent: int = 1) -> str:
    """A value in Go; structs are the SDK's models."""
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case str():
            return _quoted(value, _eight_digits)
        case tuple():
            items = [_go_item(item, indent + 1) for item in value]
            return _block(f"[]*{_go_type(value[0])}{{", items, "}", indent, last=",", tab="\t")
        case Struct():
            calls = [
                f"Set{name}({go(member, indent + 1)})" for name, member in value.members.items()
            ]
            step = ".\n" + "\t" * (indent + 1)
            return step.join([f"new(ecs.{value.type_name})", *calls])


def java(value: Value, indent: int = 8) -> str:
    """A value in Java; structs are the SDK's models."""
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case str():
            return _quoted(value, _surrogates, _octal)
        case tuple():
            items = [java(item, indent + 4) for item in value]
            return _block("Arrays.asList(", items, ")", indent, 4, last="")
        case Struct():
            calls = [
                f"set{name}({_java_argument(name, member, indent + 4)})"
                for name, member in value.members.items()
            ]
            step = "\n" + " " * (indent + 4) + "."
            return step.join([f"new {_java_class(value.type_name)}()", *calls])


def shell(text: str) -> str:
    """A text as one word of a POSIX shell, or of bash where it cannot be printed."""
    if all(map(_is_plain, text)):
        return shlex.quote(text)
    escaped = "".join(
        {"\\": "\\\\", "'": "\\'"}.get(character, character)
        if _is_plain(character)
        else "".join(f"\\x{byte:02x}" for byte in character.encode())
        for character in text
    )
    return f"$'{escaped}'"


def _go_type(value: Value) -> str:
    return f"ecs.{value.type_name}" if isinstance(value, Struct) else "string"


def _go_item(value: Value, indent: int) -> str:
    literal = go(value, indent)
    return literal if isinstance(value, Struct) else f"dara.String({literal})"


def _java_argument(name: str, value: Value, indent: int) -> str:
    is_long = name in _LONG and isinstance(value, int)
    return java(value, indent) + ("L" if is_long else "")


def _java_class(type_name: str) -> str:
    """A part of a request is a class inside the request's."""
    request, found, part = type_name.partition("Request")
    return f"{request}{found}.{type_name}" if part else type_name


def _block(
    begin: str,
    items: Iterable[str],
    end: str,
    indent: int,
    step: int = 1,
    *,
    last: str = ",",
    tab: str = " ",
) -> str:
    """Items on lines of their own, between two brackets."""
    lines = list(items)
    if not lines:
        return begin + end
    inner = "\n" + tab * (indent + step)
    return f"{begin}{inner}{f',{inner}'.join(lines)}{last}\n{tab * indent}{end}"


def _quoted(
    text: str, astral: Callable[[int], str], control: Callable[[int], str] = _four_digits
) -> str:
    """A text in double quotes.

    Args:
        text: The text.
        astral: Writes a character beyond U+FFFF as an escape.
        control: The same for one below U+0020.
    """
    return '"' + "".join(_escaped(character, astral, control) for character in text) + '"'


def _escaped(character: str, astral: Callable[[int], str], control: Callable[[int], str]) -> str:
    code = ord(character)
    if character in _ESCAPES:
        return _ESCAPES[character]
    if _is_plain(character):
        return character
    if code < _FIRST_PRINTED:
        return control(code)
    return astral(code) if code > _LAST_OF_PLANE_0 else _four_digits(code)


def _is_plain(character: str) -> bool:
    return character.isprintable()
