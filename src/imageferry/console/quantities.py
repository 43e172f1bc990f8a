"""Bytes and seconds in words."""

from __future__ import annotations

from collections.abc import Callable

_KIB = 1024
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_TEN = 10
_DURATIONS = (("days", 86400), ("hours", 3600), ("minutes", 60), ("seconds", 1))


def in_bytes(number: float) -> str:
    """A number of bytes with the unit that makes it readable: three digits or so."""
    unit = 0
    while number >= _KIB and unit < len(_UNITS) - 1:
        number /= _KIB
        unit += 1
    shown = f"{number:.1f}" if unit and number < _TEN else f"{number:.0f}"
    return f"{shown} {_UNITS[unit]}"


def duration(translate: Callable[..., str], seconds: int) -> str:
    """So many seconds in the two largest units that say something."""
    parts: list[tuple[str, int]] = []
    for unit, length in _DURATIONS:
        number, seconds = divmod(seconds, length)
        if number or parts or unit == "seconds":
            parts.append((unit, number))
    shown = [translate(f"duration.{unit}", number=number) for unit, number in parts[:2] if number]
    return " ".join(shown) or translate("duration.seconds", number=0)


def about(translate: Callable[..., str], seconds: int) -> str:
    """So many seconds in the largest unit that says something, which seldom changes."""
    for unit, length in _DURATIONS[:-1]:
        if seconds >= length:
            return translate(f"duration.{unit}", number=seconds // length)
    return translate("duration.moment")
