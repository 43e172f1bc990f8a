"""Which language a visitor reads, and the texts in it."""

from __future__ import annotations

from imageferry.console.storage_texts import STORAGE_TEXTS
from imageferry.console.texts import TEXTS
from imageferry.console.tool_texts import TOOL_TEXTS

LANGUAGES = {"en": "English", "zh": "中文"}
"""The languages, each by its own name; the first is that of visitors who ask for none of them."""

_ALL = {**TEXTS, **TOOL_TEXTS, **STORAGE_TEXTS}

COOKIE = "imageferry_language"
_DEFAULT = next(iter(LANGUAGES))


def choose(chosen: str, accepted: str) -> str:
    """The language to answer in.

    Args:
        chosen: What the visitor has chosen before, or nothing.
        accepted: The browser's ``Accept-Language``.
    """
    if chosen in LANGUAGES:
        return chosen
    ranked = sorted(accepted.split(",")[:20], key=_weight, reverse=True)
    names = (entry.partition(";")[0].strip().lower().partition("-")[0] for entry in ranked)
    return next((name for name in names if name in LANGUAGES), _DEFAULT)


def _weight(entry: str) -> float:
    try:
        return float(entry.partition(";q=")[2] or 1)
    except ValueError:
        return 0.0


def text(language: str, key: str, **values: object) -> str:
    """A text in a language, with its values filled in.

    Raises:
        KeyError: there is no such text.
    """
    words = getattr(_ALL[key], language)
    return str(words.format(**values)) if values else str(words)


def word(language: str, kind: str, value: str) -> str:
    """A word of the API in a language; the word itself where we have none for it."""
    key = f"{kind}.{value}"
    return text(language, key) if key in _ALL else value
