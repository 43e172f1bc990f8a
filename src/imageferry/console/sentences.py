"""What the declarations of parameters say, in the languages of the console."""

from __future__ import annotations

from collections.abc import Mapping

from imageferry.console.explained import read_file


def translated_sentences(language: str) -> Mapping[str, str]:
    """Each sentence by its declared words: nothing for the language of the declarations."""
    return read_file("parameters", language)


def sentence(language: str, declared: str) -> str:
    """What a declaration says, in a language where that is known, else as it is declared."""
    return translated_sentences(language).get(declared, declared)
