from __future__ import annotations

import pytest

from imageferry.actions import error_codes
from imageferry.actions.errors import ErrorCode
from imageferry.actions.registry import PRODUCTS
from imageferry.console.error_catalogue import ErrorCatalogue
from imageferry.console.explained import CALLS, OBJECTS
from imageferry.oss.error_codes import every_code
from imageferry.service.console import explanations
from imageferry.service.console_tools import object_codes
from imageferry.tasks.model import CANCELLED_CODE


@pytest.fixture(scope="module")
def catalogue() -> ErrorCatalogue:
    return ErrorCatalogue(explanations(), object_codes())


def test_every_code_that_an_action_can_answer_with_is_there(catalogue: ErrorCatalogue) -> None:
    for product in PRODUCTS:
        for action in product.actions.values():
            for error in action.errors:
                entry = catalogue.entries[error.code]
                assert error.status in entry.statuses
                assert action.name in [target.action.name for target in entry.targets]


def test_the_codes_of_every_action_are_there(catalogue: ErrorCatalogue) -> None:
    common = [value for value in vars(error_codes).values() if isinstance(value, ErrorCode)]

    assert len(common) > 20
    assert all(catalogue.entries[error.code].is_of_every_action for error in common)


def test_the_codes_that_tasks_fail_with_are_there(catalogue: ErrorCatalogue) -> None:
    for code in ("ConversionFailed", CANCELLED_CODE):
        entry = catalogue.entries[code]
        assert entry.statuses == []
        assert entry.targets == []
        assert entry.explanation.meaning


def test_every_code_of_the_oss_api_is_there(catalogue: ErrorCatalogue) -> None:
    for code in every_code():
        entry = catalogue.object_entries[code.code]
        assert (entry.statuses, entry.operations) == ([code.status], code.operations)
        assert entry.is_of_objects
        assert not entry.is_of_every_action


def test_every_code_says_what_it_means_and_what_to_do(catalogue: ErrorCatalogue) -> None:
    for entry in (*catalogue.entries.values(), *catalogue.object_entries.values()):
        assert entry.explanation.meaning
        assert entry.explanation.remedy


def test_causes_are_the_parameters_whose_rules_lead_to_a_code(catalogue: ErrorCatalogue) -> None:
    causes = catalogue.entries["InvalidImageName.Malformed"].causes
    assert ("ImportImage", "ImageName", False) in [
        (cause.target.action.name, cause.name, cause.is_missing) for cause in causes
    ]


def test_codes_are_found_by_words_in_any_order_and_case(catalogue: ErrorCatalogue) -> None:
    assert [entry.code for entry in catalogue.search("NONCE signature used")] == [
        "SignatureNonceUsed"
    ]
    assert catalogue.search("no such words at all") == []
    every = [entry.code.lower() for entry in catalogue.search("")]
    assert every == sorted(every)
    assert len(every) == len(catalogue.entries) + len(catalogue.object_entries)


def test_a_code_is_found_without_regard_to_case(catalogue: ErrorCatalogue) -> None:
    of_calls = catalogue.find("signaturedoesnotmatch", CALLS)
    of_objects = catalogue.find("signaturedoesnotmatch", OBJECTS)

    assert of_calls is catalogue.entries["SignatureDoesNotMatch"]
    assert of_objects is catalogue.object_entries["SignatureDoesNotMatch"]
    assert catalogue.find("Nothing", CALLS) is None
    assert catalogue.find("NoSuchKey", CALLS) is None
