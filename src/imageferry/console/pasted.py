"""What somebody has pasted: an error's body, a line of a log, a code, a RequestId."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MAX_CHARACTERS = 20_000
"""How much of it is looked at: the longest message holds two strings to sign."""

_REQUEST_ID = re.compile(
    r"\b(?:[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}|[0-9A-F]{24})\b", re.IGNORECASE
)
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+)*")


@dataclass(frozen=True)
class Finding:
    """What was found in a text.

    Attributes:
        code: The code; empty where there is none.
        request_ids: What may be a RequestId, in capitals, in the order of the text.
    """

    code: str
    request_ids: Sequence[str] = ()


def find(text: str, is_code: Callable[[str], bool]) -> Finding:
    """The code and the RequestIds in a text, which may be JSON, XML or anything around them.

    Of several codes it is the one behind the member's name, else the longest.

    Args:
        text: The text.
        is_code: Whether a word is a code, without regard to case.
    """
    looked_at = text[:MAX_CHARACTERS]
    request_ids = (found.upper() for found in _REQUEST_ID.findall(looked_at))
    return Finding(_code(looked_at, is_code), tuple(dict.fromkeys(request_ids)))


def is_of_objects(request_id: str) -> bool:
    """Whether a RequestId is one of the OSS API: those of all others are UUIDs."""
    return "-" not in request_id


def _code(text: str, is_code: Callable[[str], bool]) -> str:
    named = re.search(r"\bCode[\"']?\s*[:=>]\s*[\"']?([A-Za-z0-9.]+)", text)
    if named and is_code(named[1]):
        return named[1]
    words = {word for word in _WORD.findall(text) if is_code(word)}
    return max(sorted(words), key=len, default="")
