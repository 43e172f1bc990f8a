from __future__ import annotations

import pytest

from imageferry.console.pasted import MAX_CHARACTERS, Finding, find

ID = "4F2A0C5E-0000-4B1D-8C3A-0123456789AB"
CODES = {"signaturedoesnotmatch", "invalidimagename", "invalidimagename.malformed"}


def look(text: str) -> Finding:
    return find(text, lambda word: word.lower() in CODES)


@pytest.mark.parametrize(
    ("text", "code", "request_id"),
    [
        (f'{{"RequestId":"{ID}","Code":"SignatureDoesNotMatch"}}', "SignatureDoesNotMatch", ID),
        (
            f"<Error><RequestId>{ID}</RequestId><Code>InvalidImageName</Code></Error>",
            "InvalidImageName",
            ID,
        ),
        (f"request_id={ID.lower()} code=SignatureDoesNotMatch", "SignatureDoesNotMatch", ID),
        (f"  {ID}\n", "", ID),
        ("it said InvalidImageName.Malformed.", "InvalidImageName.Malformed", ""),
        (
            "Error: InvalidImageName or InvalidImageName.Malformed?",
            "InvalidImageName.Malformed",
            "",
        ),
        ('{"Code":"SomethingElse"}', "", ""),
        ("<script>alert(1)</script>", "", ""),
        ("", "", ""),
    ],
)
def test_what_is_found(text: str, code: str, request_id: str) -> None:
    assert look(text) == Finding(code, request_id)


def test_only_the_beginning_is_looked_at() -> None:
    assert look("x" * MAX_CHARACTERS + ID) == Finding("", "")


def test_a_megabyte_of_letters_is_read_at_once() -> None:
    assert look("Code" * 250_000) == Finding("", "")
