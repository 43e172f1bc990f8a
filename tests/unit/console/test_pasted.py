from __future__ import annotations

from collections.abc import Sequence

import pytest

from imageferry.console.pasted import MAX_CHARACTERS, Finding, find, is_of_objects

ID = "4F2A0C5E-0000-4B1D-8C3A-0123456789AB"
OBJECT_ID = "6A0B1C2D3E4F5A6B7C8D9E0F"
CODES = {"signaturedoesnotmatch", "invalidimagename", "invalidimagename.malformed"}


def look(text: str) -> Finding:
    return find(text, lambda word: word.lower() in CODES)


@pytest.mark.parametrize(
    ("text", "code", "request_ids"),
    [
        (f'{{"RequestId":"{ID}","Code":"SignatureDoesNotMatch"}}', "SignatureDoesNotMatch", (ID,)),
        (
            f"<Error><RequestId>{ID}</RequestId><Code>InvalidImageName</Code></Error>",
            "InvalidImageName",
            (ID,),
        ),
        (
            f"<Error><Code>SignatureDoesNotMatch</Code><RequestId>{OBJECT_ID}</RequestId></Error>",
            "SignatureDoesNotMatch",
            (OBJECT_ID,),
        ),
        (f"{OBJECT_ID.lower()} {ID} {OBJECT_ID}", "", (OBJECT_ID, ID)),
        (f"{OBJECT_ID}0", "", ()),
        (f"request_id={ID.lower()} code=SignatureDoesNotMatch", "SignatureDoesNotMatch", (ID,)),
        (f"  {ID}\n", "", (ID,)),
        ("it said InvalidImageName.Malformed.", "InvalidImageName.Malformed", ()),
        (
            "Error: InvalidImageName or InvalidImageName.Malformed?",
            "InvalidImageName.Malformed",
            (),
        ),
        ('{"Code":"SomethingElse"}', "", ()),
        ("<script>alert(1)</script>", "", ()),
        ("", "", ()),
    ],
)
def test_what_is_found(text: str, code: str, request_ids: Sequence[str]) -> None:
    assert look(text) == Finding(code, request_ids)


def test_the_oss_api_has_ids_of_its_own() -> None:
    assert is_of_objects(OBJECT_ID)
    assert not is_of_objects(ID)


def test_only_the_beginning_is_looked_at() -> None:
    assert look("x" * MAX_CHARACTERS + ID) == Finding("")


def test_a_megabyte_of_letters_is_read_at_once() -> None:
    assert look("Code" * 250_000) == Finding("")
