"""How a caller's text is shown."""

from __future__ import annotations

from imageferry.gateway.texts import MAX_SHOWN_CHARACTERS, shown


def test_ordinary_text_is_shown_as_it_is() -> None:
    assert shown("t-1, 测试 'x'") == "t-1, 测试 'x'"


def test_long_text_is_cut() -> None:
    assert shown("x" * 1000) == "x" * MAX_SHOWN_CHARACTERS + "…"
    assert shown("x" * MAX_SHOWN_CHARACTERS) == "x" * MAX_SHOWN_CHARACTERS


def test_control_characters_are_made_visible() -> None:
    assert shown("a\n\x1b[31m\u202eb") == "a\\u000a\\u001b[31m\\u202eb"
