"""Which format a request asks for."""

from __future__ import annotations

import pytest

from imageferry.gateway.reply_format import ReplyFormat, requested_format
from imageferry.gateway.request import FORM, Request

V3 = ("Authorization", "ACS3-HMAC-SHA256 …")


def _requested(query: bytes, *headers: tuple[str, str], body: bytes = b"") -> ReplyFormat | None:
    return requested_format(Request("POST", "/", query, headers, body))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (b"Format=JSON", ReplyFormat.JSON),
        (b"format=json", ReplyFormat.JSON),
        (b"Format=xml", ReplyFormat.XML),
        (b"F%6Frmat=XML", ReplyFormat.XML),
        (b"Format=None", ReplyFormat.JSON),
        (b"Format=", ReplyFormat.JSON),
        (b"", ReplyFormat.JSON),
        (b"Format=YAML", None),
    ],
)
def test_by_parameter(query: bytes, expected: ReplyFormat | None) -> None:
    assert _requested(query) is expected


def test_the_parameter_may_come_in_the_form() -> None:
    form = ("Content-Type", FORM)
    assert _requested(b"", form, body=b"Format=XML") is ReplyFormat.XML


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("application/json", ReplyFormat.JSON),
        ("*/*", ReplyFormat.JSON),
        ("", ReplyFormat.JSON),
        ("image/png", ReplyFormat.JSON),
        ("application/xml", ReplyFormat.XML),
        ("Text/XML; charset=utf-8, */*", ReplyFormat.XML),
        ("application/json, text/xml", ReplyFormat.JSON),
    ],
)
def test_by_accept(accept: str, expected: ReplyFormat) -> None:
    assert _requested(b"", ("Accept", accept)) is expected
    assert _requested(b"", ("Accept", accept), V3) is expected


def test_the_parameter_wins_over_accept_in_version_1_only() -> None:
    accept = ("Accept", "application/json")
    assert _requested(b"Format=XML", accept) is ReplyFormat.XML
    assert _requested(b"Format=XML", accept, V3) is ReplyFormat.JSON
    assert _requested(b"Format=YAML", accept, V3) is ReplyFormat.JSON
