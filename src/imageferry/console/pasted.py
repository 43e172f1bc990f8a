"""What somebody has pasted: an error's body, a line of a log, a code, a RequestId."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

MAX_CHARACTERS = 20_000
"""How much of it is looked at: the longest message holds two strings to sign."""

_REQUEST_ID = re.compile(r"\b[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}\b", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+)*")


@dataclass(frozen=True)
class Finding:
    """What was found in a text; what was not is empty."""

    code: str
    request_id: str


def find(text: str, is_code: Callable[[str], bool]) -> Finding:
    """The code and the RequestId in a text, which may be JSON, XML or anything around them.

    Of several codes it is the one behind the member's name, else the longest.

    Args:
        text: The text.
        is_code: Whether a word is a code, without regard to case.
    """
    looked_at = text[:MAX_CHARACTERS]
    request = _REQUEST_ID.search(looked_at)
    return Finding(_code(looked_at, is_code), request[0].upper() if request else "")


def _code(text: str, is_code: Callable[[str], bool]) -> str:
    named = re.search(r"\bCode[\"']?\s*[:=>]\s*[\"']?([A-Za-z0-9.]+)", text)
    if named and is_code(named[1]):
        return named[1]
    words = {word for word in _WORD.findall(text) if is_code(word)}
    return max(sorted(words), key=len, default="")
