"""Every text is there in every language."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from imageferry.console import languages
from imageferry.console.storage_texts import STORAGE_TEXTS
from imageferry.console.texts import TEXTS, Text
from imageferry.console.tool_texts import TOOL_TEXTS
from imageferry.tasks.model import DiskStatus, Phase, TaskAction, TaskStatus
from imageferry.tasks.waiting import WaitingFor

TEMPLATES = Path(languages.__file__).parent / "templates"
ALL: dict[str, Text] = {**TEXTS, **TOOL_TEXTS, **STORAGE_TEXTS}
NAMES_OF_THEIR_OWN = {"sign_in.key_id", "sign_in.secret"}
"""Texts whose Chinese is what Alibaba Cloud calls the thing, in Latin letters."""


def values(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("key", [*TEXTS, *STORAGE_TEXTS])
def test_a_text_is_translated(key: str) -> None:
    text = ALL[key]

    assert values(text.en) == values(text.zh)
    assert not re.search("[\u4e00-\u9fff]", text.en)
    without_values = re.sub(r"\{\w+\}|[\W\d_]", "", text.zh)
    is_chinese = re.search("[\u4e00-\u9fff]", text.zh) or not without_values
    assert is_chinese or key in NAMES_OF_THEIR_OWN


def test_every_text_that_a_page_asks_for_is_there() -> None:
    asked = {
        key
        for path in TEMPLATES.glob("*.html")
        for key in re.findall(r"\bt\('([a-z_.]+)'\s*[,)]", path.read_text())
    }

    assert len(asked) > 50
    assert asked - ALL.keys() == set()


def test_every_word_of_the_tasks_has_a_text() -> None:
    words = (("status", TaskStatus), ("phase", Phase), ("disk", DiskStatus))
    missing = [f"{kind}.{word}" for kind, enum in words for word in enum]
    missing += [f"waiting.{word}" for word in WaitingFor if word is not WaitingFor.RESUME]
    missing += [f"action.{action}" for action in TaskAction if action.told]

    assert [key for key in missing if key not in TEXTS] == []
    assert languages.word("zh", "phase", "unknown") == "unknown"


@pytest.mark.parametrize(
    ("chosen", "accepted", "language"),
    [
        ("", "", "en"),
        ("", "fr, de;q=0.9", "en"),
        ("", "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("", "en;q=0.5, zh-Hant;q=0.9", "zh"),
        ("", "zh;q=x, en", "en"),
        ("zh", "en", "zh"),
        ("xx", "en", "en"),
    ],
)
def test_the_language_is_the_chosen_or_an_accepted_one(
    chosen: str, accepted: str, language: str
) -> None:
    assert languages.choose(chosen, accepted) == language
