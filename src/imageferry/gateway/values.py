"""One parameter's text, parsed and checked by the rules of its declaration."""

from __future__ import annotations

import re
from collections.abc import Callable

from imageferry.actions.declaration import Field, Kind, Parameter

MAX_SHOWN_CHOICES = 12
"""Choices that are listed in an answer; Platform alone has dozens."""

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_BOOLEANS = {"true": True, "false": False}


class BrokenRuleError(ValueError):
    """A value breaks a rule. The text says what to send instead."""


def parse(field: Field, text: str) -> str | int | bool:
    """The value that a text stands for.

    Raises:
        BrokenRuleError: the text breaks a rule of the field's declaration.
    """
    return _PARSERS[field.kind](text, field.parameter)


def _integer(text: str, rules: Parameter) -> int:
    if not _INTEGER.fullmatch(text):
        raise BrokenRuleError(_integer_rule(rules))
    number = int(text)
    too_small = rules.minimum is not None and number < rules.minimum
    too_great = rules.maximum is not None and number > rules.maximum
    if too_small or too_great:
        raise BrokenRuleError(_integer_rule(rules))
    return number


def _integer_rule(rules: Parameter) -> str:
    if rules.minimum is not None and rules.maximum is not None:
        return f"send a whole number from {rules.minimum} to {rules.maximum}"
    if rules.minimum is not None:
        return f"send a whole number of {rules.minimum} or more"
    if rules.maximum is not None:
        return f"send a whole number of {rules.maximum} or less"
    return "send a whole number"


def _boolean(text: str, _rules: Parameter) -> bool:
    # Python's clients send True and False, the others true and false.
    value = _BOOLEANS.get(text.lower())
    if value is None:
        raise BrokenRuleError("send true or false")
    return value


def _string(text: str, rules: Parameter) -> str:
    for check in (_check_length, _check_characters, _check_choice, _check_forbidden):
        check(text, rules)
    return text


def _check_length(text: str, rules: Parameter) -> None:
    too_short = rules.min_length is not None and len(text) < rules.min_length
    too_long = rules.max_length is not None and len(text) > rules.max_length
    if not (too_short or too_long):
        return
    if rules.min_length is None:
        raise BrokenRuleError(f"send at most {rules.max_length} characters")
    if rules.max_length is None:
        raise BrokenRuleError(f"send at least {rules.min_length} characters")
    raise BrokenRuleError(f"send {rules.min_length} to {rules.max_length} characters")


def _check_characters(text: str, rules: Parameter) -> None:
    if rules.ascii_only and not text.isascii():
        raise BrokenRuleError("send ASCII characters only")
    if rules.pattern is not None and not re.fullmatch(rules.pattern, text):
        raise BrokenRuleError(
            f"send {rules.rule}" if rules.rule else f"send what matches {rules.pattern}"
        )


def _check_choice(text: str, rules: Parameter) -> None:
    if rules.allowed and text.lower() not in {choice.lower() for choice in rules.allowed}:
        more = ", …" if len(rules.allowed) > MAX_SHOWN_CHOICES else ""
        choices = ", ".join(rules.allowed[:MAX_SHOWN_CHOICES])
        raise BrokenRuleError(f"send one of {choices}{more}")


def _check_forbidden(text: str, rules: Parameter) -> None:
    lower = text.lower()
    for prefix in rules.forbidden_prefixes:
        if lower.startswith(prefix.lower()):
            raise BrokenRuleError(f"send a text that does not begin with {prefix!r}")
    for part in rules.forbidden_substrings:
        if part.lower() in lower:
            raise BrokenRuleError(f"send a text that does not hold {part!r}")


_PARSERS: dict[Kind, Callable[[str, Parameter], str | int | bool]] = {
    Kind.STRING: _string,
    Kind.INTEGER: _integer,
    Kind.BOOLEAN: _boolean,
}
