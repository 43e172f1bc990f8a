from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

import pytest
from starlette.requests import Request
from starlette.types import Message

from imageferry.console.visit import FORM, MAX_FORM_BYTES, FormError, read_form

GONE = b"gone"
SILENT = b"silent"


def read(
    *parts: bytes, path: str = "/", query: bytes = b"", method: str = "POST", seconds: float = 30
) -> Mapping[str, Sequence[str]]:
    """What is read of a form that comes in parts."""
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": [(b"content-type", FORM.encode()), (b"host", b"h")],
    }

    async def messages() -> AsyncIterator[Message]:
        for part in parts:
            if part is SILENT:
                await asyncio.Event().wait()
            if part is GONE:
                yield {"type": "http.disconnect"}
            yield {"type": "http.request", "body": part, "more_body": True}
        yield {"type": "http.request", "body": b"", "more_body": False}

    coming = messages()

    async def receive() -> Message:
        return await anext(coming)

    async def form() -> Mapping[str, Sequence[str]]:
        return await read_form(Request(scope, receive), seconds=seconds)

    return asyncio.run(form())


def test_a_form_is_read_however_it_comes() -> None:
    assert read(b"a=1&b", b"=%C3%A9&a=", b"2") == {"a": ["1", "2"], "b": ["é"]}
    assert read(b"a=1", method="GET") == {}


@pytest.mark.parametrize(
    "parts",
    [
        (b"a=1", SILENT),
        (b"a=1", GONE),
        (b"a=", b"x" * MAX_FORM_BYTES),
        (b"a=%FF",),
        (b"a=\xc3\xa9",),
        (b"a=x%00y",),
    ],
    ids=["too slow", "client gone", "too large", "no UTF-8", "not encoded", "U+0000"],
)
def test_a_form_that_cannot_be_read(parts: Sequence[bytes]) -> None:
    with pytest.raises(FormError, match=r"^form\.unreadable$"):
        read(*parts, seconds=0.05 if SILENT in parts else 30)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(("path", "query"), [("/tasks/\0", b""), ("/tasks", b"task=a&task=b%00")])
def test_an_address_that_no_page_has(method: str, path: str, query: bytes) -> None:
    with pytest.raises(FormError):
        read(path=path, query=query, method=method)
