"""Text as people read it: harmless on a terminal, numbers with units."""

from __future__ import annotations

_UNITS = ("KiB", "MiB", "GiB", "TiB")
_STEP = 1024


def clean(text: object) -> str:
    """A text that others wrote, with everything escaped that could steer a terminal.

    Control characters, direction marks and line breaks come out as they would
    be written in Python: a name cannot forge a line or change a colour.
    """
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in str(text)
    )


def size(count: float) -> str:
    """So many bytes in the unit that fits: ``1.5 GiB``."""
    if count < _STEP:
        return f"{count:.0f} B"
    for unit in _UNITS:
        count /= _STEP
        if count < _STEP or unit == _UNITS[-1]:
            break
    return f"{count:.1f} {unit}"


def duration(seconds: int) -> str:
    """So many seconds as ``m:ss`` or ``h:mm:ss``."""
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
