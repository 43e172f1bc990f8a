"""What a request claims, and what it lacks."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from imageferry.actions import error_codes
from imageferry.actions.errors import ErrorCode, ServiceError
from imageferry.gateway.claims import Claim, read_claim
from imageferry.gateway.request import Request
from imageferry.gateway.wire_parameters import read_wire_parameters

if TYPE_CHECKING:
    from unit.gateway.conftest import Service


def _claim(request: Request) -> Claim:
    return read_claim(request, read_wire_parameters(request))


def _refusal(request: Request) -> ServiceError:
    with pytest.raises(ServiceError) as refused:
        _claim(request)
    return refused.value


def _with_header(request: Request, name: str, value: str | None) -> Request:
    kept = tuple((key, old) for key, old in request.headers if key.lower() != name)
    return dataclasses.replace(request, headers=kept if value is None else (*kept, (name, value)))


@pytest.mark.parametrize(
    "part",
    [
        "AccessKeyId",
        "Signature",
        "SignatureMethod",
        "SignatureVersion",
        "Timestamp",
        "SignatureNonce",
    ],
)
def test_a_missing_part_of_version_1_is_named(service: Service, part: str) -> None:
    error = _refusal(service.v1(without=part))
    assert error.code is error_codes.MISSING_PARAMETER
    assert f'"{part}"' in error.message


def test_other_methods_and_versions_are_refused(service: Service) -> None:
    error = _refusal(service.v1({"SignatureMethod": "HMAC-SHA256"}))
    assert error.code is error_codes.INVALID_SIGNATURE_METHOD
    error = _refusal(service.v1({"SignatureVersion": "2.0"}))
    assert '"SignatureVersion"' in error.message


@pytest.mark.parametrize("name", ["x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"])
def test_a_missing_header_of_version_3_is_named(service: Service, name: str) -> None:
    error = _refusal(_with_header(service.v3(), name, None))
    assert error.code is error_codes.MISSING_PARAMETER
    assert f'"{name}"' in error.message


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("ACS3-HMAC-SM3 Credential=a", error_codes.INVALID_SIGNATURE_METHOD),
        ("ACS3-HMAC-SHA256 Credential=a", error_codes.INCOMPLETE_SIGNATURE),
        ("ACS3-HMAC-SHA256", error_codes.INCOMPLETE_SIGNATURE),
    ],
)
def test_an_authorization_that_cannot_be_used(
    service: Service, value: str, code: ErrorCode
) -> None:
    assert _refusal(_with_header(service.v3(), "authorization", value)).code is code


@pytest.mark.parametrize("unsigned", ["host", "x-acs-action", "x-acs-date", "content-type"])
def test_what_is_acted_upon_has_to_be_signed(service: Service, unsigned: str) -> None:
    request = service.v3(form=[("A", "1")])
    without = request.header("authorization").replace(f"{unsigned};", "")
    error = _refusal(_with_header(request, "authorization", without))
    assert error.code is error_codes.INCOMPLETE_SIGNATURE
    assert unsigned in error.recommend


def test_a_header_added_on_the_way_is_noticed(service: Service) -> None:
    error = _refusal(_with_header(service.v3(), "x-acs-security-token", "mine"))
    assert "x-acs-security-token" in error.recommend


def test_the_body_has_to_have_the_hash_that_was_signed(service: Service) -> None:
    request = service.v3(form=[("A", "1")])
    error = _refusal(dataclasses.replace(request, body=b"A=2"))
    assert error.code is error_codes.SIGNATURE_DOES_NOT_MATCH
    assert "server CanonicalRequest is [POST\n/\n" in error.message
    assert "x-acs-content-sha256" in error.recommend
