"""The request apart from its parameters."""

from __future__ import annotations

import pytest

from imageferry.gateway.request import Request


def _request(*headers: tuple[str, str], query: bytes = b"", body: bytes = b"") -> Request:
    return Request("GET", "/", query, headers, body)


def test_headers_are_found_without_regard_to_case() -> None:
    assert _request(("X-Acs-Date", "now")).header("x-acs-DATE") == "now"
    assert _request().header("host") == ""


def test_a_repeated_header_has_both_values() -> None:
    assert _request(("Accept", "a"), ("accept", "b")).header("accept") == "a,b"


def test_media_type_is_without_parameters() -> None:
    request = _request(("Content-Type", "Application/JSON ; charset=utf-8"))
    assert request.media_type == "application/json"


@pytest.mark.parametrize(
    ("header", "speaks"),
    [
        (("Authorization", "ACS3-HMAC-SHA256 Credential=a"), True),
        (("authorization", " ACS3-HMAC-SM3"), True),
        (("x-acs-bearer-token", "token"), True),
        (("x-acs-action", "DescribeTasks"), False),
        (("Authorization", "Basic abc"), False),
    ],
)
def test_the_version_of_the_signature(header: tuple[str, str], speaks: bool) -> None:
    assert _request(header).speaks_v3 is speaks


def test_loose_reading_never_fails() -> None:
    form = ("Content-Type", "application/x-www-form-urlencoded")
    request = _request(form, query=b"A=%zz&B=\xff&&C", body=b"format=xml&%=%")
    assert request.loose("Format") == "xml"
    assert request.loose("a") == "%zz"
    assert request.loose("none") == ""
    assert _request(query=b"", body=b"Format=XML").loose("Format") == ""
