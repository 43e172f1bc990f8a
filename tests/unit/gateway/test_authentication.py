"""Who is calling, and who is turned away."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from imageferry.actions import error_codes
from imageferry.actions.errors import ErrorCode, ServiceError
from imageferry.gateway.authentication import (
    MAX_CLOCK_SKEW,
    MAX_NONCE_CHARACTERS,
    AccessKey,
    Identity,
)
from imageferry.gateway.request import Request
from imageferry.gateway.wire_parameters import read_wire_parameters
from imageferry.signing import rpc_v1

if TYPE_CHECKING:
    from unit.gateway.conftest import Service

Sign = Callable[..., Request]
NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
"""The time of the service when a test begins."""


def _authenticate(service: Service, request: Request) -> Identity:
    return service.authenticator().authenticate(request, read_wire_parameters(request))


def _refused(service: Service, request: Request) -> ServiceError:
    with pytest.raises(ServiceError) as refused:
        _authenticate(service, request)
    return refused.value


def _told(service: Service, request: Request) -> str:
    """The code that the caller of a gateway is answered with."""
    return str(json.loads(service.gateway().handle(request).body)["Code"])


@pytest.fixture(params=["v1", "v3"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def sign(service: Service, version: str) -> Sign:
    return service.v1 if version == "v1" else service.v3


def test_a_signed_request_has_its_identity(service: Service, sign: Sign) -> None:
    assert _authenticate(service, sign()) == Identity("1001", "LTAI")


def test_an_unknown_key(service: Service, sign: Sign) -> None:
    service.keys.clear()
    error = _refused(service, sign())
    assert error.code is error_codes.INVALID_ACCESS_KEY_ID_NOT_FOUND
    assert "LTAI" in error.recommend


def test_an_inactive_key(service: Service, sign: Sign) -> None:
    service.keys["LTAI"] = dataclasses.replace(service.keys["LTAI"], active=False)
    assert _refused(service, sign()).code is error_codes.INVALID_ACCESS_KEY_ID_INACTIVE


def test_another_secret_in_version_1_has_one_colon_before_the_string(service: Service) -> None:
    request = service.v1(secret="wrong")
    error = _refused(service, request)
    text = rpc_v1.string_to_sign("GET", read_wire_parameters(request).pairs)
    assert error.message == (
        f"Specified signature is not matched with our calculation. server string to sign is:{text}"
    )
    assert error.message.split(":") == [error.message.partition(":")[0], text]


def test_another_secret_in_version_3(service: Service) -> None:
    error = _refused(service, service.v3(access_key_secret="wrong"))
    assert error.message.startswith(
        "Specified signature is not matched with our calculation. "
        "server StringToSign is [ACS3-HMAC-SHA256\n"
    )
    assert "] server CanonicalRequest is [POST\n/\n\naccept:application/json\n" in error.message


def test_braces_in_a_request_do_not_disturb_the_message(service: Service) -> None:
    error = _refused(service, service.v3([("A", "{x}")], host="{y}", access_key_secret="wrong"))
    assert "host:{y}" in error.message


@pytest.mark.parametrize("minutes", [-15, 0, 15])
def test_times_within_the_skew(service: Service, sign: Sign, minutes: int) -> None:
    request = sign()
    service.now += timedelta(minutes=minutes)
    assert _authenticate(service, request).account_id == "1001"


@pytest.mark.parametrize("direction", [-1, 1])
def test_times_beyond_the_skew(service: Service, sign: Sign, direction: int) -> None:
    request = sign()
    service.now += direction * (MAX_CLOCK_SKEW + timedelta(seconds=1))
    error = _refused(service, request)
    assert error.code is error_codes.INVALID_TIME_STAMP_EXPIRED
    assert "2026-11-22T08:30:00Z" in error.recommend


def test_a_time_with_milliseconds(service: Service) -> None:
    request = service.v1({"Timestamp": "2026-11-22T08:30:00.123Z"})

    assert _authenticate(service, request).account_id == "1001"


@pytest.mark.parametrize(
    "timestamp",
    [
        "2026-11-22 08:30:00",
        "2026-11-22T08:30:00",
        "2026-11-22T08:30Z",
        "2026-13-22T08:30:00Z",
        "2026-11-22T08:30:00+00:00",
        "２026-11-22T08:30:00Z",
        "Sun, 22 Nov 2026 08:30:00 GMT",
    ],
)
def test_times_that_cannot_be_read(service: Service, timestamp: str) -> None:
    error = _refused(service, service.v1({"Timestamp": timestamp}))
    assert error.code is error_codes.INVALID_TIME_STAMP_FORMAT
    assert timestamp in error.recommend


def test_a_replay_is_refused(service: Service, sign: Sign) -> None:
    request = sign()
    _authenticate(service, request)
    assert _refused(service, request).code is error_codes.SIGNATURE_NONCE_USED


def test_a_nonce_may_be_used_by_another_key(service: Service) -> None:
    service.keys["OTHER"] = AccessKey(id="OTHER", secret="secret", account_id="1002")
    _authenticate(service, service.v3(nonce="same"))
    assert _authenticate(service, service.v3(nonce="same", access_key_id="OTHER"))


@pytest.mark.parametrize("minutes", [-15, 0, 15])
def test_a_nonce_is_kept_as_long_as_its_request_could_come_again(
    service: Service, sign: Sign, minutes: int
) -> None:
    request, sent = sign(), service.now
    service.now += timedelta(minutes=minutes)
    _authenticate(service, request)
    (until,) = service.nonces.values()
    assert until >= max(sent, service.now) + MAX_CLOCK_SKEW
    service.now = until + timedelta(microseconds=1)
    assert _refused(service, request).code is error_codes.INVALID_TIME_STAMP_EXPIRED


@pytest.mark.parametrize("nonce", ["with space", "é", "x" * (MAX_NONCE_CHARACTERS + 1)])
def test_nonces_that_cannot_be_kept(service: Service, nonce: str) -> None:
    error = _refused(service, service.v1({"SignatureNonce": nonce}))
    assert '"SignatureNonce"' in error.message
    assert service.nonces == {}


def test_a_refused_request_spends_no_nonce(service: Service) -> None:
    _refused(service, service.v1({"SignatureNonce": "n"}, secret="wrong"))
    assert service.nonces == {}
    assert _authenticate(service, service.v1({"SignatureNonce": "n"}))


def _sign_with_token(service: Service, version: str, token: str) -> Request:
    if version == "v1":
        return service.v1({"SecurityToken": token})
    return service.v3(security_token=token)


@pytest.mark.parametrize(
    ("known", "sent", "code"),
    [
        (None, "token", error_codes.INVALID_SECURITY_TOKEN_MALFORMED),
        ("token", "", error_codes.MISSING_SECURITY_TOKEN),
        ("token", "other", error_codes.INVALID_SECURITY_TOKEN_MISMATCH),
    ],
)
def test_security_tokens_that_do_not_fit(
    service: Service, version: str, known: str | None, sent: str, code: ErrorCode
) -> None:
    service.keys["LTAI"] = dataclasses.replace(service.keys["LTAI"], security_token=known)
    assert _refused(service, _sign_with_token(service, version, sent)).code is code
    assert service.nonces == {}


@pytest.mark.parametrize(("known", "sent"), [(None, ""), ("tok+/=", "tok+/=")])
def test_security_tokens_that_fit(
    service: Service, version: str, known: str | None, sent: str
) -> None:
    service.keys["LTAI"] = dataclasses.replace(service.keys["LTAI"], security_token=known)
    assert _authenticate(service, _sign_with_token(service, version, sent))


def test_temporary_credentials_run_out(service: Service, version: str) -> None:
    service.keys["LTAI"] = dataclasses.replace(
        service.keys["LTAI"], security_token="t", expires=service.now + timedelta(seconds=1)
    )
    identity = _authenticate(service, _sign_with_token(service, version, "t"))
    assert identity.expires == service.now + timedelta(seconds=1)
    service.now += timedelta(seconds=1)
    error = _refused(service, _sign_with_token(service, version, "t"))
    assert error.code is error_codes.INVALID_SECURITY_TOKEN_EXPIRED


def _bearer(token: str) -> Request:
    return Request("POST", "/", f"SignatureType=BEARERTOKEN&BearerToken={token}".encode(), ())


def test_bearer_tokens_are_checked_like_keys(service: Service) -> None:
    assert '"BearerToken"' in _refused(service, _bearer("")).message
    unknown = _refused(service, _bearer("tell-no-one"))
    assert unknown.code is error_codes.INVALID_PARAMETER
    assert "tell-no-one" not in unknown.message + unknown.recommend
    key = service.keys["LTAI"]
    service.bearers["good"] = key
    service.bearers["off"] = dataclasses.replace(key, active=False)
    service.bearers["old"] = dataclasses.replace(key, expires=service.now)
    assert _authenticate(service, _bearer("good")) == Identity("1001", "LTAI")
    assert _refused(service, _bearer("off")).code is error_codes.INVALID_ACCESS_KEY_ID_INACTIVE
    assert _refused(service, _bearer("old")).code is error_codes.INVALID_SECURITY_TOKEN_EXPIRED


@pytest.mark.parametrize(
    ("key", "minutes", "parameters", "code"),
    [
        ({"active": False}, 0, {}, error_codes.INVALID_ACCESS_KEY_ID_INACTIVE),
        ({"security_token": "t"}, 0, {}, error_codes.MISSING_SECURITY_TOKEN),
        ({}, 0, {"SecurityToken": "t"}, error_codes.INVALID_SECURITY_TOKEN_MALFORMED),
        (
            {"security_token": "t"},
            0,
            {"SecurityToken": "other"},
            error_codes.INVALID_SECURITY_TOKEN_MISMATCH,
        ),
        (
            {"security_token": "t", "expires": NOW},
            0,
            {"SecurityToken": "t"},
            error_codes.INVALID_SECURITY_TOKEN_EXPIRED,
        ),
        ({}, 16, {}, error_codes.INVALID_TIME_STAMP_EXPIRED),
        ({}, 0, {"Timestamp": "yesterday"}, error_codes.INVALID_TIME_STAMP_FORMAT),
        ({}, 0, {"SignatureMethod": "MD5"}, error_codes.INVALID_SIGNATURE_METHOD),
    ],
)
def test_the_caller_is_told_the_code(
    service: Service,
    key: dict[str, Any],
    minutes: int,
    parameters: dict[str, str],
    code: ErrorCode,
) -> None:
    service.keys["LTAI"] = dataclasses.replace(service.keys["LTAI"], **key)
    request = service.v1(parameters)
    service.now += timedelta(minutes=minutes)

    assert _told(service, request) == code.code


def test_the_caller_is_told_of_a_replay(service: Service) -> None:
    request = service.v1({"RegionId": "cn-hangzhou"})

    assert service.gateway().handle(request).status == 200
    assert _told(service, request) == error_codes.SIGNATURE_NONCE_USED.code


def test_the_caller_is_told_of_an_incomplete_signature(service: Service) -> None:
    whole = service.v3()
    cut = [
        (name, value.partition(",Signature=")[0] if name.lower() == "authorization" else value)
        for name, value in whole.headers
    ]
    request = dataclasses.replace(whole, headers=tuple(cut))

    assert _told(service, request) == error_codes.INCOMPLETE_SIGNATURE.code
