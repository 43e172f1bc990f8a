"""Every code that the service can answer with, and which calls lead to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote

from imageferry.actions import error_codes
from imageferry.actions.declaration import Model, Parameter, fields
from imageferry.actions.errors import ErrorCode
from imageferry.console.explained import CALLS, OBJECTS, TRANSLATED, explained
from imageferry.console.explanation import Explanation
from imageferry.console.explorer import Target, every_action
from imageferry.console.tools import ObjectCode

HOME = "/console/errors"


@dataclass(frozen=True)
class Cause:
    """A parameter whose value can lead to a code.

    Attributes:
        target: The action.
        name: The parameter's name on the wire; ``N`` stands for a number.
        parameter: Its rules.
        is_missing: Whether its absence leads to the code, rather than its value.
    """

    target: Target
    name: str
    parameter: Parameter
    is_missing: bool


@dataclass(frozen=True)
class Entry:
    """A code.

    Attributes:
        kind: Whose it is: one of the files' names in :mod:`imageferry.console.explained`.
        code: The code on the wire.
        declared: What it is declared as: several times where it has several messages. None
            for a code that tasks alone fail with.
        explanation: What it means, and what to do.
        targets: The actions that can answer with it; none for those of every action.
        operations: The operations of the OSS API that can; none for those of every operation.
        causes: The parameters that lead to it.
    """

    kind: str
    code: str
    declared: Sequence[ErrorCode | ObjectCode]
    explanation: Explanation
    targets: Sequence[Target] = ()
    operations: Sequence[str] = ()
    causes: Sequence[Cause] = ()

    @property
    def statuses(self) -> Sequence[int]:
        """The HTTP statuses it comes with."""
        return sorted({declared.status for declared in self.declared})

    @property
    def is_of_every_action(self) -> bool:
        """Whether every action can answer with it."""
        return any(declared in _common() for declared in self.declared)

    @property
    def is_of_objects(self) -> bool:
        """Whether it is one of the OSS API."""
        return self.kind == OBJECTS

    @property
    def address(self) -> str:
        """Where its page is."""
        folder = "objects" if self.is_of_objects else "codes"
        return f"{HOME}/{folder}/{quote(self.code, safe='')}"


class ErrorCatalogue:
    """The codes of calls, of tasks and of the OSS API.

    Args:
        explanations: Every code of a task and of a call, with its meaning.
        object_codes: Every code of the OSS API.
    """

    def __init__(
        self, explanations: Mapping[str, Explanation], object_codes: Sequence[ObjectCode]
    ) -> None:
        declared = _declared()
        codes = {*declared, *explanations}
        self.entries = {code: _entry(code, declared.get(code, []), explanations) for code in codes}
        self.object_entries = {code.code: _object_entry(code) for code in object_codes}
        both = (*self.entries.values(), *self.object_entries.values())
        self._sorted = sorted(both, key=lambda entry: (entry.code.lower(), entry.kind))
        self._by_kind_and_code = {(entry.kind, entry.code.lower()): entry for entry in both}

    def search(self, wanted: str) -> Sequence[Entry]:
        """The codes whose name, messages or meaning have every word of a search."""
        words = wanted.lower().split()
        return [entry for entry in self._sorted if all(word in _searched(entry) for word in words)]

    def find(self, code: str, kind: str) -> Entry | None:
        """A code of a kind by its name, without regard to case."""
        return self._by_kind_and_code.get((kind, code.lower()))


def _entry(
    code: str, declared: Sequence[ErrorCode], explanations: Mapping[str, Explanation]
) -> Entry:
    explanation = explanations.get(code) or Explanation(declared[0].meaning, declared[0].remedy)
    targets = [
        target
        for target in every_action()
        if any(error.code == code for error in target.action.errors)
    ]
    return Entry(CALLS, code, declared, explanation, targets=targets, causes=list(_causes(code)))


def _object_entry(code: ObjectCode) -> Entry:
    return Entry(OBJECTS, code.code, [code], code.explanation, operations=code.operations)


def _searched(entry: Entry) -> str:
    messages = " ".join(declared.message for declared in entry.declared)
    meanings = {
        explained(language, entry.code, entry.explanation, entry.kind).meaning
        for language in TRANSLATED
    }
    return " ".join((entry.code, messages, entry.explanation.meaning, *meanings)).lower()


@cache
def _common() -> frozenset[ErrorCode]:
    """The codes that every action can answer with."""
    return frozenset(value for value in vars(error_codes).values() if isinstance(value, ErrorCode))


def _declared() -> Mapping[str, list[ErrorCode]]:
    of_actions = (error for target in every_action() for error in target.action.errors)
    found: dict[str, list[ErrorCode]] = {}
    for error in dict.fromkeys((*of_actions, *sorted(_common(), key=lambda one: one.code))):
        found.setdefault(error.code, []).append(error)
    return found


def _causes(code: str) -> Iterator[Cause]:
    for target in every_action():
        for name, parameter in _parameters(target.action.request):
            malformed = (parameter.malformed, parameter.malformed_in_first)
            if any(error is not None and error.code == code for error in malformed):
                yield Cause(target, name, parameter, is_missing=False)
            if parameter.missing is not None and parameter.missing.code == code:
                yield Cause(target, name, parameter, is_missing=True)


def _parameters(model: type[Model], prefix: str = "") -> Iterator[tuple[str, Parameter]]:
    for field in fields(model):
        name = prefix + field.wire + (".N" if field.repeated else "")
        yield name, field.parameter
        if field.model is not None:
            yield from _parameters(field.model, f"{name}.")
