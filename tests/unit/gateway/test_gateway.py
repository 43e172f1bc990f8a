"""From a request to a response."""

from __future__ import annotations

import dataclasses
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import MutableMapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Annotated, Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from imageferry.accounts.failed_calls import FailedCall
from imageferry.actions import error_codes
from imageferry.actions.declaration import Action, Member, Model, Reply
from imageferry.actions.errors import ServiceError
from imageferry.gateway.authentication import Identity
from imageferry.gateway.gateway import Gateway
from imageferry.gateway.rendering import Response
from imageferry.gateway.request import FORM, JSON, MAX_QUERY_BYTES, Request
from support.measured import value

if TYPE_CHECKING:
    from unit.gateway.conftest import Service

REGION = {"RegionId": "cn-hangzhou"}
VERSION = "2014-05-26"
REQUEST_ID = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")


def _json(response: Response) -> dict[str, Any]:
    members = json.loads(response.body)
    assert isinstance(members, dict)
    return members


def _code(response: Response) -> str:
    members = _json(response)
    assert members.keys() == {"RequestId", "HostId", "Code", "Message", "Recommend"}
    assert all(isinstance(value, str) and value for value in members.values())
    return str(members["Code"])


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_version_1(service: Service, method: str) -> None:
    request = service.v1(REGION | {"Text": "hello"}, method=method)
    response = service.gateway().handle(request)
    members = _json(response)
    assert response.status == 200
    assert members.pop("RequestId") == dict(response.headers)["x-acs-request-id"]
    assert members == {"Text": "hello", "AccountId": "1001", "Host": "127.0.0.1:8080"}


def test_version_3(service: Service) -> None:
    request = service.v3([("RegionId", "r")], form=[("Text", "a b")])
    assert _json(service.gateway().handle(request))["Text"] == "a b"


def test_request_ids_are_upper_case_uuids_and_never_the_same(service: Service) -> None:
    gateway = service.gateway()
    ids = {_json(gateway.handle(service.v1(REGION)))["RequestId"] for _ in range(3)}
    assert len(ids) == 3
    assert all(REQUEST_ID.fullmatch(request_id) for request_id in ids)


def test_xml(service: Service) -> None:
    response = service.gateway().handle(service.v1(REGION | {"Format": "xml"}))
    assert dict(response.headers)["Content-Type"] == "text/xml;charset=utf-8"
    assert ET.fromstring(response.body).tag == "EchoTextResponse"


def test_names_of_actions_have_no_case_and_replies_the_declared_one(service: Service) -> None:
    request = service.v1(REGION | {"Action": "echotext", "Format": "XML"})
    assert ET.fromstring(service.gateway().handle(request).body).tag == "EchoTextResponse"
    assert (
        service.gateway().handle(service.v3([("RegionId", "r")], action="echoText")).status == 200
    )


def test_the_header_names_no_action_in_version_1_because_it_is_not_signed(
    service: Service,
) -> None:
    headers = [("x-acs-action", "DeleteEverything"), ("x-acs-version", "1999-01-01")]
    assert service.gateway().handle(service.v1(REGION, headers=headers)).status == 200
    request = service.v1(without="Action", headers=[("x-acs-action", "EchoText")])
    assert _code(service.gateway().handle(request)) == "MissingAction"


@pytest.mark.parametrize(
    ("changes", "without", "status", "code"),
    [
        ({}, "Action", 400, "MissingAction"),
        ({"Action": "Nope"}, "", 404, "InvalidAction.NotFound"),
        ({}, "Version", 400, "MissingVersion"),
        ({"Version": "2016-03-14"}, "", 400, "InvalidVersion"),
        ({"Format": "YAML"}, "", 400, "InvalidParameter.Format"),
        ({"AccessKeyId": "nobody"}, "", 404, "InvalidAccessKeyId.NotFound"),
        ({}, "", 400, "MissingParameter"),
        (REGION | {"Text": "refuse"}, "", 400, "DryRunOperation"),
        (REGION | {"Text": "break"}, "", 500, "InternalError"),
    ],
)
def test_refusals(
    service: Service, changes: dict[str, str], without: str, status: int, code: str
) -> None:
    with capture_logs():
        response = service.gateway().handle(service.v1(changes, without=without))
    assert response.status == status
    assert _code(response) == code
    assert _json(response)["HostId"] == "127.0.0.1:8080"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"])
def test_other_methods(service: Service, method: str) -> None:
    response = service.gateway().handle(service.v1(REGION, method=method))
    assert (response.status, _code(response)) == (403, "UnsupportedHTTPMethod")


def test_parameters_are_looked_at_after_the_signature(service: Service) -> None:
    response = service.gateway().handle(service.v1(secret="wrong"))
    assert _code(response) == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    "query", [b"A=%ff", b"A=1&A=2", b"x" * (MAX_QUERY_BYTES + 1), b"Action=Nope", b""]
)
def test_errors_before_the_request_is_read_honour_its_format(
    service: Service, query: bytes
) -> None:
    request = Request("GET", "/", b"Format=XML&" + query, (("Host", "h"),))
    root = ET.fromstring(service.gateway().handle(request).body)
    assert root.tag == "Error"
    assert root.findtext("HostId") == "h"


def _whole_lines() -> AbstractContextManager[list[MutableMapping[str, Any]]]:
    """The lines that are logged, with what they are about."""
    return capture_logs(processors=[structlog.contextvars.merge_contextvars])


def test_what_breaks_is_logged_and_not_told(service: Service) -> None:
    with _whole_lines() as logs:
        response = service.gateway().handle(service.v1(REGION | {"Text": "break"}))
    assert b"secret is in here" not in response.body
    failed = next(entry for entry in logs if entry["event"] == "request_failed")
    assert failed["request_id"] == _json(response)["RequestId"]
    assert failed["exc_info"]


def test_every_line_of_a_request_tells_whose_it_is(service: Service) -> None:
    with _whole_lines() as logs:
        response = service.gateway().handle(service.v1(REGION | {"Text": "break"}))
    assert [entry["event"] for entry in logs] == ["request_failed", "request_answered"]
    for entry in logs:
        assert entry["request_id"] == _json(response)["RequestId"]
        assert (entry["action"], entry["account"]) == ("EchoText", "1001")
    assert structlog.contextvars.get_contextvars() == {}


@pytest.mark.parametrize(("asked", "counted"), [("echotext", "EchoText"), ("Nope", "unknown")])
def test_requests_are_counted_by_actions_that_there_are(
    service: Service, asked: str, counted: str
) -> None:
    gateway = service.gateway()
    status = "200" if counted == "EchoText" else "404"
    name, labels = "imageferry_ecs_requests_total", {"action": counted, "status": status}
    seconds = "imageferry_ecs_request_seconds_count"
    before = value(name, **labels), value(seconds, action=counted)

    response = gateway.handle(service.v1(REGION | {"Action": asked}))

    assert str(response.status) == status
    assert (value(name, **labels), value(seconds, action=counted)) == (
        before[0] + 1,
        before[1] + 1,
    )


def test_every_answer_is_logged_without_its_parameters(service: Service) -> None:
    with _whole_lines() as logs:
        service.gateway().handle(service.v1(REGION | {"Text": "refuse"}))
    (entry,) = logs
    assert (entry["event"], entry["status"]) == ("request_answered", 400)
    assert (entry["action"], entry["code"]) == ("EchoText", "DryRunOperation")
    assert "cn-hangzhou" not in str(entry)


def test_a_refusal_from_outside_looks_like_any_other(service: Service) -> None:
    head = Request("POST", "/", b"Format=XML", (("Host", "h" * 1000),))
    response = service.gateway().refuse(head, error_codes.REQUEST_TOO_LARGE.error(limit="little"))
    assert response.status == 413
    assert ET.fromstring(response.body).findtext("HostId") == "h" * 255


class CodeReply(Reply, frozen=True, kw_only=True):
    code: Annotated[str, Member(description="What clients take for a failure.")]


class NoRequest(Model, frozen=True, kw_only=True):
    pass


def test_no_reply_may_have_a_member_code(service: Service) -> None:
    action: Action[Any, NoRequest, CodeReply] = Action(
        name="Bad",
        summary="Cannot be served.",
        request=NoRequest,
        reply=CodeReply,
        errors=(),
        policy="ecs:Bad",
        handler=lambda _call, _request: CodeReply(code="OK"),
        example={},
    )
    with pytest.raises(ValueError, match="Bad: no reply may have a member Code"):
        service.gateway(action)


@pytest.mark.parametrize(
    ("version", "action", "found"),
    [
        ("2014-05-26", "EchoText", True),
        ("2014-05-26", "ShoutText", False),
        ("2015-04-01", "EchoText", True),
        ("2015-04-01", "shouttext", True),
        ("2015-04-01", "Nope", False),
    ],
)
def test_the_version_tells_the_product(
    service: Service, version: str, action: str, found: bool
) -> None:
    other = service.product("sts", "2015-04-01", "EchoText", "ShoutText")
    gateway = service.gateway(others=(other,))
    for request in (
        service.v1(REGION | {"Version": version, "Action": action}),
        service.v3(list(REGION.items()), version=version, action=action),
    ):
        response = gateway.handle(request)
        assert response.status == 200 if found else _code(response) == "InvalidAction.NotFound"


def test_an_unknown_version_is_told_the_known_ones(service: Service) -> None:
    other = service.product("sts", "2015-04-01")
    response = service.gateway(others=(other,)).handle(service.v1({"Version": "2016-03-14"}))
    assert _code(response) == "InvalidVersion"
    assert "2014-05-26 (ecs), 2015-04-01 (sts)" in _json(response)["Recommend"]


def test_no_two_products_may_have_one_version(service: Service) -> None:
    with pytest.raises(ValueError, match="no two products may have one version"):
        service.gateway(others=(service.product("sts", "2014-05-26"),))


HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["Host", "Accept", "Authorization", "Content-Type", "x-acs-action"]),
        st.one_of(
            st.text(max_size=30),
            st.sampled_from([FORM, JSON, "text/xml", "ACS3-HMAC-SHA256 Credential=a", "EchoText"]),
        ),
    ),
    max_size=6,
).map(tuple)
PIECES = st.sampled_from(
    [b"Action=EchoText", b"Version=2014-05-26", b"Format=XML", b"Format=", b"AccessKeyId=LTAI"]
)
QUERIES = st.lists(st.one_of(PIECES, st.binary(max_size=20)), max_size=6).map(b"&".join)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["GET", "POST", "PUT", "x"]), QUERIES, HEADERS, QUERIES)
def test_any_request_is_answered_well_formed(
    service: Service, method: str, query: bytes, headers: Any, body: bytes
) -> None:
    response = service.gateway().handle(Request(method, "/", query, headers, body))
    assert 400 <= response.status < 500
    if dict(response.headers)["Content-Type"].startswith("text/xml"):
        members = {child.tag for child in ET.fromstring(response.body)}
    else:
        members = set(_json(response))
    assert members == {"RequestId", "HostId", "Code", "Message", "Recommend"}


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text(max_size=10), st.text(max_size=10), max_size=4))
def test_any_signed_parameters_are_answered(service: Service, parameters: dict[str, str]) -> None:
    response = service.gateway().handle(service.v3(sorted(parameters.items())))
    assert response.status in (200, 400)
    request = dataclasses.replace(service.v3(), raw_query=b"RegionId=changed")
    assert service.gateway().handle(request).status == 400


IDENTITY = Identity("1001", "LTAI")


def test_a_call_in_process_is_read_and_answered_as_over_the_wire(service: Service) -> None:
    gateway = service.gateway()
    with capture_logs() as logs:
        members = gateway.call(
            IDENTITY, VERSION, "EchoText", REGION | {"text": "hello"}, host="ferry:8080"
        )
    assert REQUEST_ID.fullmatch(members.pop("RequestId"))
    assert members == {"Text": "hello", "AccountId": "1001", "Host": "ferry:8080"}
    assert [(line["event"], line["status"]) for line in logs] == [("call_answered", 200)]


@pytest.mark.parametrize(
    ("parameters", "code"),
    [({}, "MissingParameter"), (REGION | {"Text": "refuse"}, "DryRunOperation")],
)
def test_a_call_in_process_is_refused_as_over_the_wire(
    service: Service, parameters: dict[str, str], code: str
) -> None:
    with capture_logs() as logs, pytest.raises(ServiceError) as refused:
        service.gateway().call(IDENTITY, VERSION, "EchoText", parameters, host="")
    assert refused.value.code.code == code
    assert [line["code"] for line in logs] == [code]


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [("refuse", 400, "DryRunOperation"), ("break", 500, "InternalError")],
)
def test_a_refused_call_is_kept_for_its_account(
    service: Service, text: str, status: int, code: str
) -> None:
    with capture_logs():
        response = service.gateway().handle(service.v1(REGION | {"Text": text}))

    (kept,) = service.failures
    assert kept.request_id == _json(response)["RequestId"]
    assert kept.message == _json(response)["Message"]
    assert (kept.account_id, kept.access_key_id) == ("1001", "LTAI")
    assert (kept.action, kept.status, kept.code) == ("EchoText", status, code)
    assert kept.parameters["Text"] == text


def test_a_refused_call_in_process_is_kept_too(service: Service) -> None:
    with pytest.raises(ServiceError):
        service.gateway().call(IDENTITY, VERSION, "EchoText", {"Text": "hello"}, host="")

    (kept,) = service.failures
    assert (kept.code, kept.parameters) == ("MissingParameter", {"Text": "hello"})


def test_calls_that_succeed_or_are_nobodys_are_not_kept(service: Service) -> None:
    service.gateway().handle(service.v1(REGION))
    service.gateway().handle(service.v1(REGION, secret="another"))

    assert service.failures == []


def test_a_call_is_answered_also_where_it_cannot_be_kept(service: Service) -> None:
    def fail(_call: FailedCall) -> None:
        raise ConnectionError("the database is gone")

    gateway = Gateway(
        products=(service.product("ecs", VERSION, "EchoText"),),
        authenticator=service.authenticator(),
        make_call=lambda context: context,
        note_failure=fail,
        unavailable=(ConnectionError,),
    )

    with capture_logs() as logs:
        response = gateway.handle(service.v1(REGION | {"Text": "refuse"}))

    assert _json(response)["Code"] == "DryRunOperation"
    assert [line["event"] for line in logs] == ["failure_not_kept", "request_answered"]
