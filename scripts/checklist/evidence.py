"""Which test shows which part of the contract: made from what passed while the tests ran.

A test shows a parameter when a call that has it succeeds, a reply field when a reply
has it with a value, and an error code when an action answers with it. What the tests
showed is kept in a file, one test for each part; ``make checklist`` writes it, and a
test that no longer shows what the file says of it fails.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from checklist.comparison import LEFT_OUT, Point, compare
from checklist.facts import (
    EVERY_ACTION,
    Place,
    Section,
    contract_facts,
    declared_facts,
    load_contract,
)
from checklist.hollow import EMPTY, REFUSED
from imageferry.actions.error_codes import DRY_RUN_OPERATION

EVIDENCE = Path(__file__).resolve().parents[2] / "tests" / "contract" / "evidence.json"

Evidence = Mapping[Place, str]
"""For each part of the contract the id of a test that shows it."""

_DRY_RUN = f"{DRY_RUN_OPERATION.status} {DRY_RUN_OPERATION.code}"
_CAPITAL = re.compile(r"([A-Z])")
_NUMBER = re.compile(r"\.[0-9]+(?=\.|$)")


@cache
def served_places() -> frozenset[Place]:
    """Everything that is served, as the contract has it or beyond it."""
    wanted, declared = contract_facts(load_contract()), declared_facts()
    differences = compare(wanted, declared)
    return frozenset(
        place for place in (*wanted, *declared) if Point(place, LEFT_OUT) not in differences
    )


def shown_by_reply(
    action: str, parameters: Mapping[str, str], reply: Mapping[str, Any]
) -> set[Place]:
    """What a call shows that succeeded.

    Args:
        action: The action's name.
        parameters: What was sent, by name on the wire.
        reply: What was answered.
    """
    fields = {Place(action, Section.REPLY, path) for path in _paths(reply)}
    nothing = set(_empty_paths(reply))
    empty = {
        place for place, (part, _) in EMPTY.items() if place.action == action and part in nothing
    }
    return _sent(action, parameters) | (fields & served_places() - EMPTY.keys()) | empty


def shown_by_refusal(action: str, parameters: Mapping[str, str], error: str) -> set[Place]:
    """What a call shows that was answered with an error.

    Args:
        action: The action's name; any other where it is only for what every action answers.
        parameters: What was sent, by name on the wire.
        error: The status and the code of the error.
    """
    codes = {Place(who, Section.ERROR, error) for who in (action, EVERY_ACTION)} & served_places()
    sent = _sent(action, parameters)
    # This error is how a call succeeds that was to change nothing.
    return codes | (sent if error == _DRY_RUN else sent & REFUSED.keys())


def choose(shown: Mapping[str, Collection[Place]]) -> Evidence:
    """For each place the test that is most likely about it.

    That is one of the module of tests that is called after the action, where it has one
    that shows the place, and among several the one that shows the least besides.

    Args:
        shown: What each test showed, by its id.
    """
    chosen: dict[Place, str] = {}
    order = sorted(shown, key=lambda test: (len(shown[test]), test))
    for is_own in (True, False):
        for test in order:
            for place in shown[test]:
                if not is_own or f"/{_module_of_tests(place.action)}::" in test:
                    chosen.setdefault(place, test)
    return chosen


def _module_of_tests(action: str) -> str:
    name = _CAPITAL.sub(r"_\1", action).lower()
    return f"test{name}.py"


def load() -> Evidence:
    """The evidence as its file has it."""
    chapters = json.loads(EVIDENCE.read_text())
    return {
        Place(action, Section(section), name): test
        for action, sections in chapters.items()
        for section, tests in sections.items()
        for name, test in tests.items()
    }


def save(evidence: Evidence) -> None:
    """Write the evidence to its file, in an order of its own."""
    chapters: dict[str, dict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    for place, test in sorted(evidence.items(), key=lambda item: str(item[0])):
        chapters[place.action][place.section][place.name] = test
    EVIDENCE.write_text(json.dumps(chapters, indent=2) + "\n")


def _sent(action: str, parameters: Mapping[str, str]) -> set[Place]:
    known = _parameters_by_lower_name(action)
    names = {name for sent, value in parameters.items() if value for name in _names(sent)}
    return {known[name] for name in names & known.keys()}


@cache
def _parameters_by_lower_name(action: str) -> Mapping[str, Place]:
    return {
        place.name.lower(): place
        for place in served_places()
        if (place.action, place.section) == (action, Section.PARAMETER)
    }


def _names(sent: str) -> Iterator[str]:
    """How the contract writes a parameter, and each list or part that it belongs to."""
    name = _NUMBER.sub(".n", sent.lower())
    yield name
    while "." in name:
        name = name.rpartition(".")[0]
        yield f"{name}.<member>"


def _paths(value: Any, path: str = "") -> Iterable[str]:
    """The names of all members of a reply that have a value, each with its way from the top."""
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from _paths(member, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for item in value:
            yield from _paths(item, f"{path}[]")
    elif value != "":
        yield path


def _empty_paths(value: Any, path: str = "") -> Iterator[str]:
    """The names of all texts and lists of a reply that are empty."""
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from _empty_paths(member, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value:
        for item in value:
            yield from _empty_paths(item, f"{path}[]")
    elif isinstance(value, list):
        yield f"{path}[]"
    elif value == "":
        yield path
