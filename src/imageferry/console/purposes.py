"""What actions are for, in the languages of the console."""

from __future__ import annotations

from collections.abc import Mapping

from imageferry.actions.product import AnyAction
from imageferry.console.explained import read_file


def translated_purposes(language: str) -> Mapping[str, str]:
    """What each action is for: nothing for the language of the declarations."""
    return read_file("actions", language)


def purpose(language: str, action: AnyAction) -> str:
    """What an action is for, in a language where that is known, else as it is declared."""
    return translated_purposes(language).get(action.name, action.summary)
