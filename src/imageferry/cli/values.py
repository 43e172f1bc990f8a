"""The values of options, checked by the rules of the API before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import click

from imageferry.actions.declaration import Parameter, fields
from imageferry.actions.import_admission import DiskDeviceMapping


class OneOf(click.Choice[str]):
    """One of some words, compared without case, and told as they are written."""

    def __init__(self, words: Iterable[str]) -> None:
        super().__init__(words, case_sensitive=False)

    def get_invalid_choice_message(
        self,
        value: Any,
        ctx: click.Context | None,  # noqa: ARG002 - click gives it by this name
    ) -> str:
        """What is said of another word."""
        return f"{value!r} is not one of {', '.join(self.choices)}."


class WholeNumber(click.IntRange):
    """A whole number between two others."""

    name = "whole number"


class Text(click.ParamType[str]):
    """A text that keeps the rules of a parameter.

    Args:
        rules: The parameter.
    """

    name = "text"

    def __init__(self, rules: Parameter) -> None:
        self._rules = rules

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text.

        Raises:
            click.BadParameter: it breaks a rule.
        """
        expected = [rule for rule, kept in _rules(value, self._rules) if not kept]
        if value and expected:
            self.fail(f"{value!r}: expected {', '.join(expected)}", param, ctx)
        return value


def _rules(text: str, rules: Parameter) -> Iterator[tuple[str, bool]]:
    """Each rule in words, and whether the text keeps it."""
    least, most = rules.min_length or 0, rules.max_length
    if most is not None:
        counted = f"{least} to {most}" if least else f"at most {most}"
        yield f"{counted} characters", least <= len(text) <= most
    if rules.pattern is not None:
        words = rules.rule or f"what matches {rules.pattern}"
        yield words, re.fullmatch(rules.pattern, text) is not None
    lower = text.lower()
    for prefix in rules.forbidden_prefixes:
        yield f"not {prefix!r} at the beginning", not lower.startswith(prefix.lower())
    for part in rules.forbidden_substrings:
        yield f"no {part!r} in it", part.lower() not in lower
    if rules.ascii_only:
        yield "ASCII characters only", text.isascii()


BUCKET_NAME = Text(
    next(item.parameter for item in fields(DiskDeviceMapping) if item.name == "oss_bucket")
)
"""The name of a bucket."""
