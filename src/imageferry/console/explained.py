"""What codes mean, in the languages of the console beside that of the declarations."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from imageferry.console.interface import Explanation

TRANSLATED = ("zh",)
"""The languages that have a file ``errors.LANGUAGE.toml`` in this room."""


@cache
def translations(language: str) -> Mapping[str, Explanation]:
    """What each code means in a language: nothing for that of the declarations."""
    if language not in TRANSLATED:
        return {}
    file = resources.files("imageferry.console") / f"errors.{language}.toml"
    return {
        code: Explanation(*texts) for code, texts in tomllib.loads(file.read_text("utf-8")).items()
    }


def explained(language: str, code: str, declared: Explanation) -> Explanation:
    """What a code means, in a language where that is known, else as it is declared."""
    return translations(language).get(code, declared)
