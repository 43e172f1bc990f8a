"""How a caller's own text is shown in an answer."""

from __future__ import annotations

MAX_SHOWN_CHARACTERS = 64
"""Enough to recognise a value by; an answer must not grow with the request."""


def shown(text: str) -> str:
    """A text cut to :data:`MAX_SHOWN_CHARACTERS`, with control characters made visible."""
    cut = text[:MAX_SHOWN_CHARACTERS] + ("…" if len(text) > MAX_SHOWN_CHARACTERS else "")
    return "".join(
        character if character.isprintable() else f"\\u{ord(character):04x}" for character in cut
    )
