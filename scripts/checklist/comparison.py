"""Where our declarations and the contract differ."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from checklist.facts import EVERY_ACTION, Facts, Place, Section

LEFT_OUT = "left out"
ADDED = "added"


@dataclass(frozen=True)
class Point:
    """One point in which two sides can differ.

    Attributes:
        place: What differs.
        aspect: In which respect, or ``LEFT_OUT`` or ``ADDED`` where one side lacks it.
    """

    place: Place
    aspect: str

    def __str__(self) -> str:
        return f"{self.place}: {self.aspect}"


@dataclass(frozen=True)
class Difference:
    """What the contract says of a point, and what we say."""

    contract: Any
    declared: Any


def compare(contract: Facts, declared: Facts) -> Mapping[Point, Difference]:
    """Every point in which the two differ."""
    found: dict[Point, Difference] = {}
    for place, wanted in contract.items():
        ours = declared.get(place) or _common(place, declared)
        if ours is None:
            found[Point(place, LEFT_OUT)] = Difference(wanted, None)
            continue
        for aspect in sorted({*wanted, *ours}):
            difference = Difference(wanted.get(aspect), ours.get(aspect))
            if not _agree(aspect, difference):
                found[Point(place, aspect)] = difference
    for place, ours in declared.items():
        if place not in contract and _common(place, contract) is None:
            found[Point(place, ADDED)] = Difference(None, ours)
    return found


def _common(place: Place, facts: Facts) -> Mapping[str, Any] | None:
    """What is said of an error code among those that every action has."""
    if place.section is not Section.ERROR:
        return None
    return facts.get(Place(EVERY_ACTION, Section.ERROR, place.name))


def _agree(aspect: str, difference: Difference) -> bool:
    match aspect:
        case "errors":
            return _errors_agree(difference)
        case "messages":
            return _messages_agree(difference)
        case _:
            return bool(difference.contract == difference.declared)


def _errors_agree(difference: Difference) -> bool:
    # The contract also names with a parameter what only a look at the object
    # or the bucket can tell; those codes are compared as the action's.
    if not difference.contract:
        return True
    return bool(difference.declared) and difference.declared <= difference.contract


def _messages_agree(difference: Difference) -> bool:
    """Whether each message of ours can be the contract's, and the other way round."""
    patterns = [_pattern(message) for message in difference.declared]
    wanted = [message for message in difference.contract if message]
    every_wanted = all(any(pattern.fullmatch(text) for pattern in patterns) for text in wanted)
    every_declared = all(any(pattern.fullmatch(text) for text in wanted) for pattern in patterns)
    return every_wanted and every_declared


def _pattern(message: str) -> re.Pattern[str]:
    """A message of ours as an expression in which ``{name}`` stands for any text."""
    return re.compile(".+".join(map(re.escape, re.split(r"\{\w+\}", message))))
