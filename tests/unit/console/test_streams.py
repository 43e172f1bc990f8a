from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta

import pytest
from starlette.requests import Request
from starlette.responses import StreamingResponse

from imageferry.console import tokens
from imageferry.console.sessions import COOKIE
from imageferry.console.streams import (
    END,
    MOST_OF_A_SESSION,
    MOST_OF_AN_ACCOUNT,
    OpenStreams,
    endpoint,
)
from imageferry.console.tokens import Purpose
from imageferry.console.visit import Visit
from support.visits import KEY, NOW, backend, visit


def opened(streams: OpenStreams, stack: ExitStack, number: int, sessions: int = 1) -> None:
    for index in range(number):
        stack.enter_context(streams.one_more(visit(nonce=f"session {index % sessions}")))


def test_a_session_has_so_many_streams_and_gets_them_back() -> None:
    streams = OpenStreams()
    with ExitStack() as stack:
        opened(streams, stack, MOST_OF_A_SESSION)

        assert not streams.has_room(visit(nonce="session 0"))
        assert streams.has_room(visit(nonce="another session"))

    assert streams.has_room(visit(nonce="session 0"))


def test_an_account_has_so_many_over_all_its_sessions() -> None:
    streams = OpenStreams()
    with ExitStack() as stack:
        opened(streams, stack, MOST_OF_AN_ACCOUNT, sessions=MOST_OF_AN_ACCOUNT)

        assert not streams.has_room(visit(nonce="another session"))


def test_a_stream_that_breaks_gives_its_place_back() -> None:
    streams = OpenStreams()
    for _ in range(MOST_OF_A_SESSION + 1):
        with pytest.raises(ConnectionError), streams.one_more(visit()):
            raise ConnectionError

    assert streams.has_room(visit())


def test_a_browser_does_not_ask_again_for_what_no_page_has() -> None:
    scope = {"type": "http", "method": "GET", "path": "/\0", "query_string": b"", "headers": []}

    async def status() -> int:
        answer = await endpoint(backend(), lambda _: iter([]))(Request(scope))
        return answer.status_code

    assert asyncio.run(status()) == 204


def test_a_stream_of_what_is_gone_ends() -> None:
    cookie = tokens.issue(KEY, Purpose.SESSION, NOW + timedelta(hours=1))
    request = Request(
        {
            "type": "http",
            "method": "GET",
            "path": "/",
            "query_string": b"",
            "headers": [(b"cookie", f"{COOKIE}={cookie}".encode())],
        }
    )

    def changes(_visit: Visit) -> Iterator[list[str]]:
        return iter([["<p>first</p>", "<p>second\nline</p>"]])

    async def received() -> list[object]:
        answer = await endpoint(backend(), changes)(request)
        assert isinstance(answer, StreamingResponse)
        return [chunk async for chunk in answer.body_iterator]

    assert asyncio.run(received()) == [
        "event: change\ndata: <p>first</p>\n\n",
        "event: change\ndata: <p>second line</p>\n\n",
        END,
    ]
