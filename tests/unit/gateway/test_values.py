"""One value against the rules of its declaration."""

from __future__ import annotations

from typing import Any

import pytest

from imageferry.actions.declaration import Field, Kind, Parameter
from imageferry.gateway.values import MAX_SHOWN_CHOICES, BrokenRuleError, parse


def _field(kind: Kind, **rules: Any) -> Field:
    return Field(
        name="value",
        wire="Value",
        kind=kind,
        repeated=False,
        required=True,
        default=None,
        note=Parameter(description="A value.", **rules),
        model=None,
    )


@pytest.mark.parametrize(
    ("text", "value"), [("True", True), ("true", True), ("False", False), ("FALSE", False)]
)
def test_booleans(text: str, value: bool) -> None:
    assert parse(_field(Kind.BOOLEAN), text) is value


@pytest.mark.parametrize("text", ["", "1", "yes", "undefined", " true"])
def test_what_is_no_boolean(text: str) -> None:
    with pytest.raises(BrokenRuleError, match="true or false"):
        parse(_field(Kind.BOOLEAN), text)


@pytest.mark.parametrize(("text", "value"), [("1", 1), ("-5", -5), ("+07", 7), ("0", 0)])
def test_integers(text: str, value: int) -> None:
    assert parse(_field(Kind.INTEGER), text) == value


@pytest.mark.parametrize("text", ["", "1.0", "1e3", "١", "0x10", "1_000", " 1", "9" * 5000])
def test_what_is_no_integer(text: str) -> None:
    with pytest.raises(BrokenRuleError, match="a whole number"):
        parse(_field(Kind.INTEGER), text)


@pytest.mark.parametrize(
    ("rules", "text", "said"),
    [
        ({"minimum": 1, "maximum": 100}, "101", "from 1 to 100"),
        ({"minimum": 1, "maximum": 100}, "0", "from 1 to 100"),
        ({"minimum": 1}, "0", "of 1 or more"),
        ({"maximum": 9}, "10", "of 9 or less"),
    ],
)
def test_integers_out_of_range(rules: dict[str, int], text: str, said: str) -> None:
    with pytest.raises(BrokenRuleError, match=said):
        parse(_field(Kind.INTEGER, **rules), text)


@pytest.mark.parametrize("text", ["1", "100"])
def test_integers_at_the_ends_of_the_range(text: str) -> None:
    assert parse(_field(Kind.INTEGER, minimum=1, maximum=100), text) == int(text)


@pytest.mark.parametrize(
    ("rules", "text"),
    [
        ({}, "anything 什么\n"),
        ({"min_length": 2, "max_length": 3}, "测试"),
        ({"allowed": ("RAW", "QCOW2")}, "qcow2"),
        ({"pattern": "[a-z]+"}, "abc"),
        ({"forbidden_prefixes": ("acs:",)}, "xacs:"),
        ({"ascii_only": True}, "~ !"),
    ],
)
def test_texts_keep_the_caller_s_spelling(rules: dict[str, Any], text: str) -> None:
    assert parse(_field(Kind.STRING, **rules), text) == text


@pytest.mark.parametrize(
    ("rules", "text", "said"),
    [
        ({"min_length": 2, "max_length": 3}, "x", "2 to 3 characters"),
        ({"min_length": 2}, "x", "at least 2 characters"),
        ({"max_length": 3}, "four", "at most 3 characters"),
        ({"allowed": ("RAW", "QCOW2")}, "vhd", "one of RAW, QCOW2"),
        ({"pattern": "[a-z]+"}, "abc\n", r"matches \[a-z\]\+"),
        ({"pattern": "[a-z]+", "rule": "small letters"}, "A", "send small letters"),
        ({"forbidden_prefixes": ("acs:", "aliyun")}, "ALIYUN-x", "not begin with 'aliyun'"),
        ({"forbidden_substrings": ("http://",)}, "see HTTP://x", "not hold 'http://'"),
        ({"ascii_only": True}, "é", "ASCII characters only"),
    ],
)
def test_broken_rules_say_what_to_send(rules: dict[str, Any], text: str, said: str) -> None:
    with pytest.raises(BrokenRuleError, match=said):
        parse(_field(Kind.STRING, **rules), text)


def test_a_long_list_of_choices_is_cut() -> None:
    choices = tuple(f"choice{number}" for number in range(MAX_SHOWN_CHOICES + 1))
    with pytest.raises(BrokenRuleError) as broken:
        parse(_field(Kind.STRING, allowed=choices), "x")
    assert str(broken.value).endswith("choice11, …")
