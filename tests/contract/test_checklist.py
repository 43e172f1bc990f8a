"""What the actions declare is what the contract says, but for what is left out on purpose."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import pytest

from checklist.comparison import ADDED, LEFT_OUT, Point, compare
from checklist.exceptions import EXCEPTIONS
from checklist.facts import (
    EVERY_ACTION,
    AnyAction,
    Facts,
    Place,
    Section,
    common_codes,
    contract_facts,
    declared_facts,
    load_contract,
)
from docs import PAGES
from imageferry.actions import (
    copy_error_codes,
    image_error_codes,
    life_cycle_error_codes,
    share_error_codes,
    tag_error_codes,
)
from imageferry.actions.cancel_task import CANCEL_TASK, CancelTaskRequest
from imageferry.actions.declaration import Parameter, to_wire
from imageferry.actions.errors import ErrorCode
from imageferry.actions.registry import ACTIONS, PRODUCTS, VERSION
from imageferry.gateway.parameters import read

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = load_contract()
WANTED = contract_facts(CONTRACT)
DECLARED = declared_facts()


def changed(facts: Facts, place: Place, **aspects: Any) -> Facts:
    return {**facts, place: {**facts[place], **aspects}}


def without(facts: Facts, place: Place) -> Facts:
    return {other: aspects for other, aspects in facts.items() if other != place}


def test_every_difference_is_listed() -> None:
    unlisted = [str(point) for point in compare(WANTED, DECLARED) if point not in EXCEPTIONS]

    assert unlisted == []


def test_everything_listed_is_a_difference() -> None:
    differences = compare(WANTED, DECLARED)

    assert [str(point) for point in EXCEPTIONS if point not in differences] == []


def test_the_contract_and_the_service_have_the_same_actions() -> None:
    assert set(CONTRACT["actions"]) == set(ACTIONS)
    assert CONTRACT["common"]["version"] == VERSION


FORMAT = Place("ImportImage", Section.PARAMETER, "DiskDeviceMapping.N.Format")
TOTAL = Place("DescribeTasks", Section.REPLY, "TotalCount")
IMPORTING = Place("DeleteImage", Section.ERROR, "403 ImageIsImporting")
PAGE_SIZE = Place("DescribeTasks", Section.PARAMETER, "PageSize")


@pytest.mark.parametrize(
    ("declared", "place", "aspect"),
    [
        (without(DECLARED, FORMAT), FORMAT, LEFT_OUT),
        (without(DECLARED, TOTAL), TOTAL, LEFT_OUT),
        (without(DECLARED, IMPORTING), IMPORTING, LEFT_OUT),
        (changed(DECLARED, FORMAT, type="integer"), FORMAT, "type"),
        (changed(DECLARED, FORMAT, required=True), FORMAT, "required"),
        (changed(DECLARED, FORMAT, errors=frozenset({"Other"})), FORMAT, "errors"),
        (changed(DECLARED, PAGE_SIZE, maximum=50), PAGE_SIZE, "maximum"),
        (changed(DECLARED, PAGE_SIZE, minimum=0), PAGE_SIZE, "minimum"),
        (changed(DECLARED, PAGE_SIZE, allowed=frozenset({"10"})), PAGE_SIZE, "allowed"),
        (changed(DECLARED, TOTAL, type="string"), TOTAL, "type"),
        (changed(DECLARED, IMPORTING, messages=frozenset({"Other."})), IMPORTING, "messages"),
        (
            changed(DECLARED, IMPORTING, messages=DECLARED[IMPORTING]["messages"] | {"Other."}),
            IMPORTING,
            "messages",
        ),
    ],
)
def test_a_new_difference_is_found(declared: Facts, place: Place, aspect: str) -> None:
    new = set(compare(WANTED, declared)) - set(compare(WANTED, DECLARED))

    assert new == {Point(place, aspect)}


@pytest.mark.parametrize("place", [FORMAT, TOTAL, IMPORTING])
def test_what_the_contract_does_not_have_is_found(place: Place) -> None:
    assert Point(place, ADDED) in compare(without(WANTED, place), DECLARED)


def test_a_message_with_a_value_in_it_is_the_contract_s() -> None:
    place = Place(EVERY_ACTION, Section.ERROR, "400 InvalidParameter")

    assert DECLARED[place]["messages"] == {
        'The specified value of parameter "{name}" is not valid.'
    }
    assert Point(place, "messages") not in compare(WANTED, DECLARED)


class RequestWithWish(CancelTaskRequest, frozen=True, kw_only=True):
    wish: Annotated[str | None, Parameter(description="What is wished.")] = None


def test_a_parameter_added_to_an_action_is_found() -> None:
    action: AnyAction = replace(CANCEL_TASK, request=RequestWithWish)
    declared = declared_facts({**ACTIONS, "CancelTask": action})

    assert set(compare(WANTED, declared)) - set(compare(WANTED, DECLARED)) == {
        Point(Place("CancelTask", Section.PARAMETER, "Wish"), ADDED)
    }


@pytest.mark.parametrize("name", ACTIONS)
def test_hidden_parameters_are_accepted_and_ignored(name: str) -> None:
    action = ACTIONS[name]
    hidden = CONTRACT["actions"][name]["hidden_request"]

    with_hidden = read(action.request, action.example | dict.fromkeys(hidden, "1"))

    assert len(hidden) >= 4
    assert with_hidden == read(action.request, action.example)


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
def test_an_example_is_a_valid_call(action: AnyAction) -> None:
    sent = to_wire(read(action.request, action.example))

    plain = {name: value for name, value in action.example.items() if "." not in name}
    assert plain
    assert {name: sent[name] for name in plain} == plain


def test_no_error_code_is_declared_in_vain() -> None:
    declared = {
        name: code
        for module in (
            copy_error_codes,
            image_error_codes,
            life_cycle_error_codes,
            share_error_codes,
            tag_error_codes,
        )
        for name, code in vars(module).items()
        if isinstance(code, ErrorCode)
    }
    of_actions = {code for action in ACTIONS.values() for code in action.errors}

    assert [name for name, code in declared.items() if code not in of_actions] == []


def test_every_code_of_all_actions_is_raised_somewhere() -> None:
    source = "".join(
        path.read_text()
        for path in (ROOT / "src" / "imageferry").rglob("*.py")
        if path.name != "error_codes.py"
    )
    declared = (ROOT / "src" / "imageferry" / "actions" / "error_codes.py").read_text()
    names = re.findall(r"^([A-Z_]+) = ErrorCode", declared, flags=re.MULTILINE)

    assert len(names) == len(list(common_codes()))
    assert [name for name in names if not re.search(rf"\b{name}\b", source)] == []


def test_the_reference_has_a_page_for_each_action_and_no_other() -> None:
    made = {path.name for path in PAGES if path.parent.name == "reference"}

    served = {name for product in PRODUCTS for name in product.actions}
    assert made == {f"{name}.md" for name in served} | {"README.md", "metrics.md"}
    assert {path.name for path in (ROOT / "docs" / "reference").iterdir()} == made


def test_the_page_of_the_contract_says_what_is_left_out_and_why() -> None:
    page = (ROOT / "docs" / "contract.md").read_text()

    assert "| `403 UserNotInTheWhiteList` | left out: every account may |  |" in page
    assert "| `PageSize` | served | [test_" in page
    assert "| `StorageLocationArn` | without effect: there are no cloud boxes here | [" in page
    assert "| `LaunchPermission` | always refused: groups of accounts" in page
    assert "| `Images.Image[].SupplierName` | always empty: there is no marketplace here |" in page
    for point, reason in EXCEPTIONS.items():
        assert any(f"`{point.place.name}`" in line and reason in line for line in page.splitlines())
