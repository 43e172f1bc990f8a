from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from imageferry.service.absolute_form import with_absolute_form


def passed_on(raw_path: bytes, path: str) -> Scope:
    """What the application gets of a request."""
    seen: list[Scope] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)

    async def receive() -> Message:
        raise AssertionError("nothing is read here")

    async def send(message: Message) -> None:
        raise AssertionError("nothing is answered here")

    scope: dict[str, Any] = {
        "type": "http",
        "raw_path": raw_path,
        "path": path,
        "query_string": b"Action=A",
        "headers": [(b"accept", b"*/*"), (b"host", b"proxy:8080")],
    }

    async def ask() -> None:
        await with_absolute_form(application)(scope, receive, send)

    asyncio.run(ask())
    (only,) = seen
    return only


@pytest.mark.parametrize(
    ("target", "raw_path", "path"),
    [
        (b"http://golden.oss.example:81/a%20b%2F", b"/a%20b%2F", "/a b/"),
        (b"HTTP://golden.oss.example:81", b"/", "/"),
        (b"https://golden.oss.example:81/", b"/", "/"),
    ],
)
def test_the_host_of_an_absolute_form_is_the_one_that_counts(
    target: bytes, raw_path: bytes, path: str
) -> None:
    scope = passed_on(target, target.decode())

    assert (scope["raw_path"], scope["path"]) == (raw_path, path)
    assert scope["query_string"] == b"Action=A"
    assert scope["headers"] == [(b"accept", b"*/*"), (b"host", b"golden.oss.example:81")]


@pytest.mark.parametrize("target", [b"/", b"/golden/http://x/", b"*", b"ftp://x/", b"http:///x"])
def test_any_other_form_stays_as_it_is(target: bytes) -> None:
    scope = passed_on(target, target.decode())

    assert (scope["raw_path"], scope["path"]) == (target, target.decode())
    assert (b"host", b"proxy:8080") in scope["headers"]
