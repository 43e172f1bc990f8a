"""What the contract says of an action, and what our declarations say, in the same words."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from imageferry.actions import error_codes
from imageferry.actions.declaration import Action, Field, Kind, Model, fields
from imageferry.actions.errors import ErrorCode
from imageferry.actions.registry import ACTIONS

CONTRACT = Path(__file__).resolve().parents[2] / "tests" / "contract" / "contract.json"
EVERY_ACTION = "Every action"

AnyAction = Action[Any, Any, Any]


class Section(StrEnum):
    """The parts of an action that are compared."""

    PARAMETER = "Parameter"
    REPLY = "Reply field"
    ERROR = "Error code"


@dataclass(frozen=True)
class Place:
    """Something that an action has: a parameter, a field of its reply or an error code."""

    action: str
    section: Section
    name: str

    def __str__(self) -> str:
        return f"{self.action}, {self.section.lower()} {self.name}"


Facts = Mapping[Place, Mapping[str, Any]]
"""For each place what is said of it, by aspect; an aspect of which nothing is said is absent."""


def load_contract() -> Mapping[str, Any]:
    """The contract as its file has it."""
    contract: Mapping[str, Any] = json.loads(CONTRACT.read_text())
    return contract


def contract_facts(contract: Mapping[str, Any]) -> Facts:
    """What the contract says."""
    facts: dict[Place, dict[str, Any]] = {}
    for name, action in contract["actions"].items():
        for parameter in action["request"]:
            place = Place(name, Section.PARAMETER, parameter["wire"])
            facts[place] = _without_nothing(_contract_parameter(parameter))
        for path, kind in _contract_reply(action["response"]):
            facts[Place(name, Section.REPLY, path)] = {"type": kind}
        facts.update(_contract_errors(name, action["errors"]))
    common = contract["common"]
    facts.update(_contract_errors(EVERY_ACTION, common["errors"] + common["dry_run_errors"]))
    return facts


def declared_facts(actions: Mapping[str, AnyAction] = ACTIONS) -> Facts:
    """What our declarations say."""
    facts: dict[Place, dict[str, Any]] = {}
    for name, action in actions.items():
        for wire, parameter in _declared_parameters(action.request):
            facts[Place(name, Section.PARAMETER, wire)] = _without_nothing(parameter)
        for path, kind in (("RequestId", "string"), *_declared_reply(action.reply)):
            facts[Place(name, Section.REPLY, path)] = {"type": kind}
        facts.update(_declared_errors(name, action.errors))
    facts.update(_declared_errors(EVERY_ACTION, common_codes()))
    return facts


def declared_fields(model: type[Model], prefix: str = "") -> Iterator[tuple[str, Field]]:
    """The fields of a request and of its parts, each with its name on the wire."""
    for field in fields(model):
        wire = prefix + field.wire + (".N" if field.repeated else "")
        if field.model is None:
            yield wire, field
        else:
            yield f"{wire}.<member>", field
            yield from declared_fields(field.model, f"{wire}.")


def unused_parameters(actions: Mapping[str, AnyAction] = ACTIONS) -> Mapping[Place, str]:
    """The parameters that are accepted and have no effect, with the reason."""
    return {
        Place(name, Section.PARAMETER, wire): field.parameter.unused
        for name, action in actions.items()
        for wire, field in declared_fields(action.request)
        if field.parameter.unused
    }


def common_codes() -> Iterator[ErrorCode]:
    """The codes that every action can answer with."""
    for value in vars(error_codes).values():
        if isinstance(value, ErrorCode):
            yield value


def _without_nothing(aspects: Mapping[str, Any]) -> dict[str, Any]:
    return {
        aspect: value
        for aspect, value in aspects.items()
        if value is not None and value is not False and value != frozenset()
    }


def _contract_parameter(parameter: Mapping[str, Any]) -> Mapping[str, Any]:
    errors = parameter.get("error", ())
    return {
        "type": parameter["type"],
        "required": parameter["required"],
        "allowed": frozenset(parameter.get("allowed", ())),
        "length": tuple(parameter.get("length", ())) or None,
        "minimum": parameter.get("minimum"),
        "maximum": parameter.get("maximum"),
        "items": parameter.get("max_items"),
        "forbidden prefixes": frozenset(parameter.get("forbidden_prefix", ())),
        "forbidden parts": frozenset(parameter.get("forbidden_substring", ())),
        "characters": parameter.get("charset"),
        "deprecated": parameter.get("deprecated"),
        "alias": parameter.get("alias_of"),
        "errors": _codes_of([errors] if isinstance(errors, str) else errors),
    }


def _codes_of(texts: Iterable[str]) -> frozenset[str]:
    # The contract writes some codes with their status: "404 InvalidUsage".
    return frozenset(re.sub(r"\(\d+\)|\b\d{3}\b", "", text).strip() for text in texts)


def _contract_reply(members: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in members.items():
        path = prefix + name
        if isinstance(value, str):
            yield path, value
        elif isinstance(value, list):
            yield from _contract_reply(value[0], f"{path}[].")
        else:
            yield from _contract_reply(value, f"{path}.")


def _contract_errors(
    action: str, errors: Iterable[Mapping[str, Any]]
) -> dict[Place, dict[str, Any]]:
    messages: dict[Place, set[str]] = defaultdict(set)
    for error in errors:
        place = Place(action, Section.ERROR, f"{error['http']} {error['code']}")
        if "replaces" in error.get("source", ""):
            messages[place].clear()
        messages[place].add(error["message"] or "")
    return {place: {"messages": frozenset(found)} for place, found in messages.items()}


def _declared_parameters(model: type[Model]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for wire, field in declared_fields(model):
        yield wire, _declared_parameter(field)
        for alias in field.parameter.aliases:
            yield wire.removesuffix(field.wire) + alias, _alias(field)


def _declared_parameter(field: Field) -> Mapping[str, Any]:
    rules = field.parameter
    codes = (rules.malformed, rules.malformed_in_first)
    kind = f"repeat list of {field.kind.value}" if field.repeated else field.kind.value
    return {
        "type": kind,
        "required": field.required,
        "allowed": frozenset(rules.allowed),
        "length": None if rules.max_length is None else (rules.min_length or 0, rules.max_length),
        "minimum": rules.minimum,
        "maximum": rules.maximum,
        "items": rules.max_items,
        "forbidden prefixes": frozenset(rules.forbidden_prefixes),
        "forbidden parts": frozenset(rules.forbidden_substrings),
        "characters": "ASCII" if rules.ascii_only else None,
        "deprecated": rules.deprecated,
        "errors": frozenset(code.code for code in codes if code is not None),
    }


def _alias(field: Field) -> Mapping[str, Any]:
    return {"type": field.kind.value, "deprecated": True, "alias": field.wire}


def _declared_reply(model: type[Model], prefix: str = "") -> Iterator[tuple[str, str]]:
    for field in fields(model):
        path = prefix + field.wire + ("[]" if field.repeated else "")
        if field.kind is Kind.STRUCT and field.model is not None:
            yield from _declared_reply(field.model, f"{path}.")
        else:
            yield path, field.kind.value


def _declared_errors(action: str, codes: Iterable[ErrorCode]) -> dict[Place, dict[str, Any]]:
    messages: dict[Place, set[str]] = defaultdict(set)
    for code in codes:
        place = Place(action, Section.ERROR, f"{code.status} {code.code}")
        messages[place].add(code.message)
    return {place: {"messages": frozenset(found)} for place, found in messages.items()}
