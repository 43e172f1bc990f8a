"""What codes mean, in the languages of the console beside that of the declarations."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from imageferry.console.explanation import Explanation

TRANSLATED = ("zh",)
"""The languages that have files, as ``errors.LANGUAGE.toml``; see :func:`read_file`."""

CALLS = "errors"
"""The files of the codes of calls and tasks."""

OBJECTS = "object_errors"
"""The files of the codes of the OSS API, some of which have names that calls have too."""


@cache
def read_file(kind: str, language: str) -> Mapping[str, Any]:
    """What the file of a kind says in a language: nothing for that of the declarations."""
    if language not in TRANSLATED:
        return {}
    file = resources.files("imageferry.console") / f"{kind}.{language}.toml"
    return tomllib.loads(file.read_text("utf-8"))


@cache
def translations(language: str, kind: str = CALLS) -> Mapping[str, Explanation]:
    """What each code means in a language: nothing for that of the declarations."""
    return {code: Explanation(*texts) for code, texts in read_file(kind, language).items()}


def explained(language: str, code: str, declared: Explanation, kind: str = CALLS) -> Explanation:
    """What a code means, in a language where that is known, else as it is declared."""
    return translations(language, kind).get(code, declared)


def translated(language: str, code: str, kind: str = CALLS) -> Explanation | None:
    """What a code means, where its own sentences are in another language than the reader's."""
    return translations(language, kind).get(code)
