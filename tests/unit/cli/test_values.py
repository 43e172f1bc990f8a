from __future__ import annotations

from typing import Any

import click
import pytest

from imageferry.actions.declaration import Parameter
from imageferry.cli.values import BUCKET_NAME, OneOf, Text, WholeNumber

RULES = Parameter(
    description="A name.",
    min_length=2,
    max_length=5,
    pattern="[a-z:]+",
    rule="small letters and colons",
    forbidden_prefixes=("acs:",),
    forbidden_substrings=("::",),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", "expected 2 to 5 characters"),
        ("abcdef", "expected 2 to 5 characters"),
        ("aB", "expected small letters and colons"),
        ("ACS:", "not 'acs:' at the beginning"),
        ("a::b", "expected no '::' in it"),
    ],
)
def test_a_text_that_breaks_a_rule_is_told_the_rule(text: str, expected: str) -> None:
    with pytest.raises(click.BadParameter) as refused:
        Text(RULES).convert(text, None, None)

    assert repr(text) in refused.value.message
    assert expected in refused.value.message


@pytest.mark.parametrize("text", ["ab", "abcde", "a:b", ""])
def test_a_text_that_keeps_the_rules_is_taken(text: str) -> None:
    assert Text(RULES).convert(text, None, None) == text


def test_a_text_without_rules_may_be_anything() -> None:
    assert Text(Parameter(description="Anything.")).convert("\n", None, None) == "\n"


def test_a_text_in_ascii() -> None:
    with pytest.raises(click.BadParameter, match="ASCII characters only"):
        Text(Parameter(description="A token.", ascii_only=True)).convert("ü", None, None)


def test_words_are_told_as_they_are_written() -> None:
    with pytest.raises(click.BadParameter, match=r"'vmx' is not one of VHD, QCOW2\."):
        OneOf(("VHD", "QCOW2")).convert("vmx", None, None)
    assert OneOf(("VHD", "QCOW2")).convert("vhd", None, None) == "VHD"


def test_what_is_no_number_is_called_so() -> None:
    given: Any = "0.5"
    with pytest.raises(click.BadParameter, match=r"'0\.5' is not a valid whole number"):
        WholeNumber(1, 9).convert(given, None, None)


def test_the_name_of_a_bucket() -> None:
    assert BUCKET_NAME.convert("golden-1", None, None) == "golden-1"
    with pytest.raises(click.BadParameter, match="small letters, digits and dashes"):
        BUCKET_NAME.convert("Golden", None, None)
