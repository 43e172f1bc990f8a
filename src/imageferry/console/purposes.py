"""What actions are for, in the languages of the console."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from imageferry.actions.product import AnyAction
from imageferry.console.explained import TRANSLATED


@cache
def translated_purposes(language: str) -> Mapping[str, str]:
    """What each action is for: nothing for the language of the declarations."""
    if language not in TRANSLATED:
        return {}
    file = resources.files("imageferry.console") / f"actions.{language}.toml"
    return tomllib.loads(file.read_text("utf-8"))


def purpose(language: str, action: AnyAction) -> str:
    """What an action is for, in a language where that is known, else as it is declared."""
    return translated_purposes(language).get(action.name, action.summary)
