from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.types import Message

from imageferry.console.tool_routes import tool_routes
from support.visits import backend

PAGES = [
    "/explorer",
    "/explorer/ecs/DescribeTasks",
    "/errors",
    "/errors/codes/MissingAction",
    "/errors/calls/R-1",
]
FORMS = ["/explorer/ecs/DescribeTasks", "/errors/find"]


def answer(method: str, path: str) -> tuple[int, str]:
    """The status and the address that a stranger gets."""
    sent: list[Message] = []
    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "scheme": "http",
        "server": ("127.0.0.1", 8080),
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"content-type", b"application/x-www-form-urlencoded")],
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    app = Starlette(routes=tool_routes(backend()))
    asyncio.run(app(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers.get("location", "")


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_is_asked_to_sign_in_and_comes_back(path: str) -> None:
    status, address = answer("GET", path)

    assert status == 303
    assert address == f"/console/sign-in?next={path.replace('/', '%2F')}"


@pytest.mark.parametrize("path", FORMS)
def test_a_stranger_s_form_is_not_taken(path: str) -> None:
    assert answer("POST", path) == (303, "/console/sign-in")


@pytest.mark.parametrize(("method", "path"), [("POST", "/explorer"), ("GET", "/errors/find")])
def test_pages_are_read_and_forms_are_sent(method: str, path: str) -> None:
    assert answer(method, path)[0] == 405


def test_there_are_no_other_pages() -> None:
    assert answer("GET", "/explorer/ecs")[0] == 404
