"""What the declarations of parameters say, in the languages of the console."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from imageferry.console.explained import TRANSLATED


@cache
def translated_sentences(language: str) -> Mapping[str, str]:
    """Each sentence by its declared words: nothing for the language of the declarations."""
    if language not in TRANSLATED:
        return {}
    file = resources.files("imageferry.console") / f"parameters.{language}.toml"
    return tomllib.loads(file.read_text("utf-8"))


def sentence(language: str, declared: str) -> str:
    """What a declaration says, in a language where that is known, else as it is declared."""
    return translated_sentences(language).get(declared, declared)
