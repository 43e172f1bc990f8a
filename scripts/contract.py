"""The page that tells how much of the contract is served: docs/contract.md."""

from __future__ import annotations

from collections.abc import Iterator

from checklist.comparison import ADDED, LEFT_OUT, Difference, Point, compare
from checklist.evidence import load
from checklist.exceptions import EXCEPTIONS
from checklist.facts import (
    EVERY_ACTION,
    Facts,
    Place,
    Section,
    contract_facts,
    declared_facts,
    load_contract,
    unused_parameters,
)
from checklist.hollow import EMPTY, REFUSED

_HEAD = """\
# The contract of the ECS API

<!-- Made from the actions' declarations and tests/contract/contract.json by `make docs`. -->

How each parameter, reply field and error code of the ECS API, version {version}, is served by
the actions of imageferry. A test compares the declarations with the contract; what differs on
purpose is listed in `scripts/checklist/exceptions.py`, and appears here with its reason.

- **served**: as the contract says.
- **served, but**: with a difference in one respect.
- **without effect**: accepted, checked by the contract's rules, and not used.
- **always refused**, **always empty**: known by name only.
- **left out**: not there.
- **added**: ours, beyond the contract.

The test beside a row was seen to show it: a call with the parameter succeeds, a reply has the
field with a value, or an action answers with the error code. `make checklist` chooses the tests
by what passes while they run, and keeps them in `tests/contract/evidence.json`; in every run of
the tests, one that no longer shows what it is named for fails.

Names are matched without regard to case. With every action these are accepted and not used:
{hidden}. What no declaration knows is ignored.
"""


def contract_page() -> str:
    """The page of all actions."""
    contract = load_contract()
    wanted, declared = contract_facts(contract), declared_facts()
    checklist = _Checklist(wanted, declared)
    hidden = contract["actions"]["DescribeTasks"]["hidden_request"]
    head = _HEAD.format(
        version=contract["common"]["version"],
        hidden=", ".join(f"`{name}`" for name in hidden if name not in {"Action", "Version"}),
    )
    chapters = (checklist.chapter(name) for name in (*contract["actions"], EVERY_ACTION))
    return head + "".join(chapters)


class _Checklist:
    """The rows of the page, an action a chapter."""

    def __init__(self, wanted: Facts, declared: Facts) -> None:
        self._places = list(dict.fromkeys((*wanted, *declared)))
        self._differences = compare(wanted, declared)
        self._unused = unused_parameters()
        self._tests = load()

    def chapter(self, action: str) -> str:
        """What is said of one action."""
        return f"\n## {action}\n" + "".join(self._table(action, section) for section in Section)

    def _table(self, action: str, section: Section) -> str:
        places = [
            place for place in self._places if (place.action, place.section) == (action, section)
        ]
        if not places:
            return ""
        rows = "".join(
            f"| `{place.name}` | {self._state(place)} | {self._test(place)} |\n" for place in places
        )
        return f"\n| {section} | Is | Test |\n| --- | --- | --- |\n{rows}"

    def _state(self, place: Place) -> str:
        for word in (LEFT_OUT, ADDED):
            if Point(place, word) in self._differences:
                return f"{word}: {EXCEPTIONS[Point(place, word)]}"
        if place in REFUSED:
            return f"always refused: {REFUSED[place]}"
        if place in EMPTY:
            return f"always empty: {EMPTY[place][1]}"
        remarks = list(self._remarks(place))
        if place in self._unused:
            remarks.insert(0, f"without effect: {self._unused[place]}")
        elif remarks:
            remarks[0] = f"served, but {remarks[0]}"
        return "; ".join(remarks) or "served"

    def _test(self, place: Place) -> str:
        """The test that shows it, without the values that it was run with."""
        if place not in self._tests:
            return ""
        path, _, name = self._tests[place].partition("::")
        return f"[{name.partition('[')[0]}](../{path})"

    def _remarks(self, place: Place) -> Iterator[str]:
        for point, difference in self._differences.items():
            if point.place == place:
                yield f"{point.aspect} {_shown(difference)}: {EXCEPTIONS[point]}"


def _shown(difference: Difference) -> str:
    return f"{_words(difference.declared)} instead of {_words(difference.contract)}"


def _words(value: object) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "yes"
        case tuple():
            return f"{value[0]} to {value[1]}"
        case frozenset():
            return ", ".join(f"`{item}`" for item in sorted(value))
        case _:
            return str(value)
