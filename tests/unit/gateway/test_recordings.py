"""Every recorded request of the official clients verifies, and none with a byte changed."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from imageferry.actions import error_codes
from imageferry.actions.errors import ServiceError
from imageferry.gateway.authentication import AccessKey, Authenticator
from imageferry.gateway.claims import read_claim
from imageferry.gateway.request import Request
from imageferry.gateway.wire_parameters import read_wire_parameters
from imageferry.signing import acs_v3, rpc_v1

if TYPE_CHECKING:
    from unit.gateway.conftest import Service

RECORDED = Path(__file__).parents[2] / "recorded"
RECORDS = [
    json.loads(line)
    for path in sorted(RECORDED.glob("*.jsonl"))
    for line in path.read_text("utf-8").splitlines()
]
SIGNED = [record for record in RECORDS if record["scheme"] != "none"]
SECURITY_TOKEN = "testSecurityToken+/="
HEX_DIGITS = b"0123456789ABCDEF"


def _request(record: dict[str, Any]) -> Request:
    headers = tuple((name, value) for name, value in record["headers"])
    return Request(
        record["method"],
        record["path"],
        record["query"].encode(),
        headers,
        record["body"].encode(),
    )


def _authenticator(service: Service, record: dict[str, Any]) -> Authenticator:
    request = _request(record)
    parameters = read_wire_parameters(request)
    sent = parameters.get("Timestamp") or request.header("x-acs-date")
    temporary = parameters.get("SecurityToken") or request.header("x-acs-security-token")
    service.now = datetime.fromisoformat(sent)
    service.keys["LTAItestAccessKeyId"] = AccessKey(
        id="LTAItestAccessKeyId",
        secret="testAccessKeySecret",
        account_id="1001",
        security_token=SECURITY_TOKEN if temporary else None,
    )
    return service.authenticator()


def _authenticate(authenticator: Authenticator, request: Request) -> str:
    return authenticator.authenticate(request, read_wire_parameters(request)).access_key_id


def _named(record: dict[str, Any]) -> str:
    return f"{record['id']}-{record['label']}"


def test_every_client_was_recorded() -> None:
    assert {(r["id"].partition("#")[0], r["scheme"]) for r in RECORDS} == {
        ("node_pop_core", "v1"),
        ("python_tea_sdk", "v1"),
        ("python_tea_sdk", "v3"),
        ("python_tea_sdk", "none"),
        ("python_v1_sdk", "v1"),
    }
    assert len(SIGNED) == 76


@pytest.mark.parametrize("record", SIGNED, ids=_named)
def test_it_verifies(service: Service, record: dict[str, Any]) -> None:
    authenticator = _authenticator(service, record)
    assert _authenticate(authenticator, _request(record)) == "LTAItestAccessKeyId"
    assert len(service.nonces) == 1


@pytest.mark.parametrize("record", SIGNED, ids=_named)
def test_our_calculation_is_the_independent_verifier_s(record: dict[str, Any]) -> None:
    request = _request(record)
    parameters = read_wire_parameters(request)
    claim = read_claim(request, parameters)
    assert claim.signature == record["signature"]
    if record["scheme"] == "v1":
        text = rpc_v1.string_to_sign(request.method, parameters.pairs)
        assert text == record["signed_text"]
        assert claim.detail == f"server string to sign is:{text}"
    else:
        text = acs_v3.string_to_sign(record["signed_text"])
        assert claim.detail == (
            f"server StringToSign is [{text}] server CanonicalRequest is [{record['signed_text']}]"
        )


def _changed_bytes(encoded: bytes) -> Iterator[bytes]:
    """The text with each of its bytes changed in turn, always to another decoded value."""
    for position, byte in enumerate(encoded):
        in_escape = b"%" in encoded[max(0, position - 2) : position]
        if in_escape:
            other = HEX_DIGITS[(HEX_DIGITS.index(bytes([byte]).upper()) + 1) % 16]
        else:
            other = ord("q") if byte != ord("q") else ord("w")
        yield encoded[:position] + bytes([other]) + encoded[position + 1 :]


def _changed_headers(request: Request) -> Iterator[Request]:
    authorization = acs_v3.parse_authorization(request.header("authorization"))
    for index, (name, value) in enumerate(request.headers):
        if name.lower() == "authorization":
            start = len(acs_v3.ALGORITHM) + len(" Credential=")
            texts = [value[:start] + t.decode() for t in _changed_bytes(value[start:].encode())]
        elif name.lower() in authorization.signed_headers:
            texts = [changed.decode() for changed in _changed_bytes(value.encode())]
        else:
            continue
        for text in texts:
            headers = (*request.headers[:index], (name, text), *request.headers[index + 1 :])
            yield dataclasses.replace(request, headers=headers)


def _changes(request: Request) -> Iterator[Request]:
    for query in _changed_bytes(request.raw_query):
        yield dataclasses.replace(request, raw_query=query)
    for body in _changed_bytes(request.body):
        yield dataclasses.replace(request, body=body)
    if request.speaks_v3:
        yield from _changed_headers(request)


@pytest.mark.parametrize("record", SIGNED, ids=_named)
def test_no_changed_byte_verifies(service: Service, record: dict[str, Any]) -> None:
    authenticator = _authenticator(service, record)
    accepted = []
    for changed in _changes(_request(record)):
        try:
            _authenticate(authenticator, changed)
        except ServiceError:
            continue
        accepted.append(changed)
    assert accepted == []
    assert service.nonces == {}


@pytest.mark.parametrize("record", SIGNED, ids=_named)
def test_another_method_does_not_verify(service: Service, record: dict[str, Any]) -> None:
    authenticator = _authenticator(service, record)
    other = "GET" if record["method"] == "POST" else "POST"
    with pytest.raises(ServiceError) as refused:
        _authenticate(authenticator, dataclasses.replace(_request(record), method=other))
    assert refused.value.code is error_codes.SIGNATURE_DOES_NOT_MATCH


@pytest.mark.parametrize("record", SIGNED, ids=_named)
def test_a_replay_is_refused(service: Service, record: dict[str, Any]) -> None:
    authenticator = _authenticator(service, record)
    _authenticate(authenticator, _request(record))
    with pytest.raises(ServiceError) as refused:
        _authenticate(authenticator, _request(record))
    assert refused.value.code is error_codes.SIGNATURE_NONCE_USED


@pytest.mark.parametrize(
    "record", [r for r in RECORDS if r["label"].endswith("bearer")], ids=_named
)
def test_bearer_tokens(service: Service, record: dict[str, Any]) -> None:
    request = _request(record)
    with pytest.raises(ServiceError) as refused:
        _authenticate(service.authenticator(), request)
    assert 'parameter "BearerToken"' in refused.value.message
    service.bearers["testBearerToken"] = service.keys["LTAI"]
    assert _authenticate(service.authenticator(), request) == "LTAI"


def test_anonymous_requests_are_refused(service: Service) -> None:
    record = next(r for r in RECORDS if r["label"].endswith("anonymous"))
    with pytest.raises(ServiceError) as refused:
        _authenticate(service.authenticator(), _request(record))
    assert refused.value.code is error_codes.MISSING_PARAMETER
    assert '"AccessKeyId"' in refused.value.message


def test_parameters_of_a_form_body(service: Service) -> None:
    record = next(r for r in RECORDS if r["label"] == "popcore.ImportImage.POST.lists+hard")
    parameters = read_wire_parameters(_request(record))
    assert parameters.get("DiskDeviceMapping.2.OSSObject") == "数据.raw"
    assert parameters.get("diskdevicemapping.1.ossobject") == "dir/a b+c.qcow2"
    assert parameters.get("Description").endswith("#é\xa0😀")


def test_parameters_of_a_json_body(service: Service) -> None:
    record = next(r for r in RECORDS if r["label"] == "pytea.v3.generic.json-body")
    parameters = read_wire_parameters(_request(record))
    assert parameters.get("Description") == "测试"
    assert parameters.get("RegionId") == "cn-hangzhou"
