"""The gateway on a real server, over real sockets."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from imageferry.actions.declaration import Action, Member, Model, Parameter, Reply
from imageferry.actions.product import product
from imageferry.gateway.application import routes
from imageferry.gateway.authentication import AccessKey, Authenticator
from imageferry.gateway.gateway import CallContext, Gateway
from imageferry.gateway.request import MAX_BODY_BYTES
from imageferry.signing import acs_v3

BODY_SECONDS = 0.5
NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


class SumRequest(Model, frozen=True, kw_only=True):
    number: Annotated[tuple[int, ...], Parameter(description="What to add up.")]


class SumReply(Reply, frozen=True, kw_only=True):
    total: Annotated[int, Member(description="The sum.")]
    thread: Annotated[str, Member(description="Where it was worked out.")]


def _sum(_call: CallContext, request: SumRequest) -> SumReply:
    return SumReply(total=sum(request.number), thread=threading.current_thread().name)


SUM: Action[CallContext, SumRequest, SumReply] = Action(
    name="SumNumbers",
    summary="Adds up.",
    request=SumRequest,
    reply=SumReply,
    errors=(),
    policy="ecs:SumNumbers",
    handler=_sum,
    example={"Number.1": "1"},
)


def _application() -> Starlette:
    key = AccessKey(id="LTAI", secret="secret", account_id="1001")
    gateway = Gateway(
        products=[product("ecs", "2014-05-26", (SUM,))],
        authenticator=Authenticator(
            find_access_key={key.id: key}.get,
            find_bearer=lambda _token: None,
            remember_nonce=lambda _key, _nonce, _until: True,
            clock=lambda: NOW,
        ),
        make_call=lambda context: context,
        note_failure=lambda _call: None,
    )
    healthz = Route("/healthz", lambda _request: PlainTextResponse("ok"))
    return Starlette(routes=routes(gateway, [healthz], body_seconds=BODY_SECONDS))


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(_application(), http="h11", lifespan="off", log_config=None, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    yield int(listener.getsockname()[1])
    server.should_exit = True
    thread.join(timeout=30)
    listener.close()
    assert not thread.is_alive()


class Answer:
    """What came back over a socket."""

    def __init__(self, raw: bytes) -> None:
        head, _, self.body = raw.partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        self.status = int(status.split()[1])
        self.headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }

    @property
    def code(self) -> str:
        return str(json.loads(self.body)["Code"])


def _send(port: int, raw: bytes) -> Answer:
    """Send bytes and read until the server ends the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(raw)
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    return Answer(received)


def _head(line: str, *headers: str) -> bytes:
    lines = [f"{line} HTTP/1.1", "Host: 127.0.0.1", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


def _signed(path: str, *form: tuple[str, str]) -> bytes:
    request = acs_v3.sign(
        access_key_id="LTAI",
        access_key_secret="secret",
        host="127.0.0.1",
        action="SumNumbers",
        version="2014-05-26",
        date=NOW,
        nonce="nonce",
        query=[("Number.1", "40")],
        form=form,
    )
    headers = [f"{name}: {value}" for name, value in request.headers.items() if name != "host"]
    length = f"Content-Length: {len(request.body)}"
    line = f"{request.method} {path}?{request.query}"
    return _head(line, *headers, length, "Connection: close") + request.body


@pytest.mark.parametrize("path", ["/", "/prefix/", "/any/path", "/console-like"])
def test_a_signed_call_at_any_path(port: int, path: str) -> None:
    answer = _send(port, _signed(path, ("Number.2", "2")))
    members = json.loads(answer.body)
    assert (answer.status, members["Total"]) == (200, 42)
    assert answer.headers["content-type"] == "application/json;charset=utf-8"
    assert answer.headers["x-acs-request-id"] == members["RequestId"]


def test_calls_run_in_threads(port: int) -> None:
    answer = _send(port, _signed("/"))
    assert "worker thread" in json.loads(answer.body)["Thread"]


def test_routes_of_others_are_not_taken(port: int) -> None:
    assert _send(port, _head("GET /healthz", "Connection: close")).body == b"ok"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods(port: int, method: str) -> None:
    answer = _send(port, _head(f"{method} /", "Connection: close"))
    assert (answer.status, answer.code) == (403, "UnsupportedHTTPMethod")


def test_a_browser_is_sent_to_the_console(port: int) -> None:
    html = "Accept: text/html,application/xhtml+xml"
    answer = _send(port, _head("GET /", html, "Connection: close"))
    assert (answer.status, answer.headers["location"]) == (303, "/console/")


@pytest.mark.parametrize(
    ("line", "accept"),
    [
        ("GET /?action=X", "text/html"),
        ("GET /", "*/*"),
        ("POST /", "text/html"),
        ("GET /x", "text/html"),
    ],
)
def test_an_api_call_is_not(port: int, line: str, accept: str) -> None:
    answer = _send(port, _head(line, f"Accept: {accept}", "Connection: close"))
    assert answer.status in (400, 404)


def test_a_body_that_is_declared_too_large_is_refused_unread(port: int) -> None:
    answer = _send(port, _head("POST /", f"Content-Length: {MAX_BODY_BYTES + 1}"))
    assert (answer.status, answer.code) == (413, "RequestEntityTooLarge")
    assert answer.headers["connection"] == "close"


def test_a_body_of_undeclared_length_is_refused_when_it_is_too_large(port: int) -> None:
    size = MAX_BODY_BYTES + 1
    chunk = b"%x\r\n" % size + b"x" * size + b"\r\n"
    answer = _send(port, _head("POST /?Format=XML", "Transfer-Encoding: chunked") + chunk)
    assert answer.status == 413
    assert b"<Code>RequestEntityTooLarge</Code>" in answer.body


def test_a_body_at_the_bound_is_read(port: int) -> None:
    body = b"x" * MAX_BODY_BYTES
    head = _head("POST /", f"Content-Length: {len(body)}", "Connection: close")
    answer = _send(port, head + body)
    assert (answer.status, answer.code) == (400, "MissingAction")


@pytest.mark.parametrize("framing", ["Content-Length: 10", "Transfer-Encoding: chunked"])
def test_a_body_that_does_not_arrive_is_not_waited_for(port: int, framing: str) -> None:
    answer = _send(port, _head("POST /", framing) + b"1\r\n")
    assert (answer.status, answer.code) == (408, "RequestTimeout")


def test_a_client_that_goes_away_leaves_the_service_well(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(_head("POST /", "Content-Length: 10") + b"half")
    assert _send(port, _signed("/")).status == 200


def test_a_connection_is_kept_for_the_next_call(port: int) -> None:
    once = _head("GET /", "Accept: */*")
    last = _head("GET /", "Accept: */*", "Connection: close")
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(once + last)
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    assert received.count(b"HTTP/1.1 400") == 2
