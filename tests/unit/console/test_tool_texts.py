from __future__ import annotations

import re

from imageferry.console.texts import TEXTS
from imageferry.console.tool_texts import TOOL_TEXTS

_VALUE = re.compile(r"\{\w+\}")


def test_every_text_is_in_both_languages_with_the_same_values() -> None:
    for key, text in TOOL_TEXTS.items():
        assert text.en, key
        assert text.zh, key
        assert sorted(_VALUE.findall(text.en)) == sorted(_VALUE.findall(text.zh)), key


def test_no_text_is_defined_twice() -> None:
    assert not TOOL_TEXTS.keys() & TEXTS.keys()
