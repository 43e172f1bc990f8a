"""Signature version 3 against the published example, and both ways against itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from imageferry.signing import acs_v3

VECTORS = json.loads(
    (Path(__file__).parents[2] / "recorded" / "official_vectors.json").read_text("utf-8")
)
HEX = "0" * 63 + "a"


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["kind"] == "acs3-hmac-sha256"])
def test_published_example(vector: dict[str, Any]) -> None:
    headers = {name.lower(): value for name, value in vector["headers"]}
    authorization = acs_v3.parse_authorization(headers["authorization"])
    query = [tuple(item.split("=")) for item in vector["query"].split("&")]
    signed = [(name, headers[name]) for name in authorization.signed_headers]
    canonical = acs_v3.canonical_request(
        vector["method"],
        query,
        signed,
        acs_v3.payload_hash(b""),
    )
    assert canonical == vector["canonical_request"]
    text = acs_v3.string_to_sign(canonical)
    assert text == f"ACS3-HMAC-SHA256\n{vector['hashed_canonical_request']}"
    assert acs_v3.signature(vector["access_key_secret"], text) == vector["expected_signature"]
    assert authorization.signature == vector["expected_signature"]
    assert authorization.access_key_id == "YourAccessKeyId"


def test_authorization_is_read_back_as_it_was_written() -> None:
    written = acs_v3.Authorization("LTAI", ("host", "x-acs-date"), HEX)
    assert acs_v3.parse_authorization(str(written)) == written


def test_spaces_after_commas_are_allowed() -> None:
    value = f"ACS3-HMAC-SHA256 Credential=a, SignedHeaders=Host;x-acs-date, Signature={HEX}"
    assert acs_v3.parse_authorization(value).signed_headers == ("host", "x-acs-date")


@pytest.mark.parametrize("value", ["", "Basic abc", "ACS3-HMAC-SM3 Credential=a", "ACS3-"])
def test_other_algorithms_are_told_apart(value: str) -> None:
    with pytest.raises(acs_v3.UnsupportedAlgorithmError):
        acs_v3.parse_authorization(value)


@pytest.mark.parametrize(
    "parts",
    [
        "",
        f"Credential=,SignedHeaders=host,Signature={HEX}",
        f"Credential=a,Signature={HEX}",
        "Credential=a,SignedHeaders=host,Signature=",
        f"Credential=a,SignedHeaders=host,Signature={HEX.upper()}",
        f"Credential=a,SignedHeaders=host,Signature={HEX},More=1",
        f"Credential=a b,SignedHeaders=host,Signature={HEX}",
    ],
)
def test_malformed_authorization(parts: str) -> None:
    with pytest.raises(acs_v3.MalformedAuthorizationError):
        acs_v3.parse_authorization(f"ACS3-HMAC-SHA256 {parts}")


def test_header_values_are_trimmed_and_names_lowered() -> None:
    canonical = acs_v3.canonical_request("GET", [], [("Host", "  h:1 ")], "hash")
    assert canonical == "GET\n/\n\nhost:h:1\n\nhost\nhash"


def _sign(**changes: Any) -> acs_v3.SignedRequest:
    arguments: dict[str, Any] = {
        "access_key_id": "LTAI",
        "access_key_secret": "secret",
        "host": "127.0.0.1:8080",
        "action": "DescribeTasks",
        "version": "2014-05-26",
        "date": datetime(2026, 11, 22, 8, 30, tzinfo=UTC),
        "nonce": "n-1",
    }
    return acs_v3.sign(**(arguments | changes))


def test_a_signed_request_with_a_form() -> None:
    request = _sign(query=[("RegionId", "cn-hangzhou")], form=[("Name", "a b"), ("Empty", "")])
    assert (request.method, request.query) == ("POST", "RegionId=cn-hangzhou")
    assert request.body == b"Empty=&Name=a%20b"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["x-acs-date"] == "2026-11-22T08:30:00Z"
    assert request.headers["x-acs-content-sha256"] == acs_v3.payload_hash(request.body)
    authorization = acs_v3.parse_authorization(request.headers["authorization"])
    assert set(authorization.signed_headers) == set(request.headers) - {"authorization"}


def test_a_signed_request_without_a_form_has_no_body() -> None:
    request = _sign(method="GET", query=[("B", "1"), ("A", "2")])
    assert (request.method, request.query, request.body) == ("GET", "A=2&B=1", b"")
    assert "content-type" not in request.headers


def test_temporary_credentials_send_their_token_signed() -> None:
    request = _sign(security_token="token+/=")
    assert request.headers["x-acs-security-token"] == "token+/="
    assert request.headers["x-acs-accesskey-id"] == "LTAI"
    assert "x-acs-security-token" in request.headers["authorization"]
