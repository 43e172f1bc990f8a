from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from itertools import count

import pytest
from starlette.requests import Request
from starlette.responses import StreamingResponse

from imageferry.console import streams
from imageferry.console.interface import Backend
from imageferry.console.streams import (
    END,
    HERE,
    MOST_OF_A_SESSION,
    MOST_OF_AN_ACCOUNT,
    Begin,
    OpenStreams,
    endpoint,
)
from imageferry.console.visit import Visit
from support.visits import backend, cookie, visit


def opened(of: OpenStreams, stack: ExitStack, number: int, sessions: int = 1) -> None:
    for index in range(number):
        stack.enter_context(of.one_more(visit(nonce=f"session {index % sessions}")))


def test_a_session_has_so_many_streams_and_gets_them_back() -> None:
    open_ones = OpenStreams()
    with ExitStack() as stack:
        opened(open_ones, stack, MOST_OF_A_SESSION)

        assert not open_ones.has_room(visit(nonce="session 0"))
        assert open_ones.has_room(visit(nonce="another session"))

    assert open_ones.has_room(visit(nonce="session 0"))


def test_an_account_has_so_many_over_all_its_sessions() -> None:
    open_ones = OpenStreams()
    with ExitStack() as stack:
        opened(open_ones, stack, MOST_OF_AN_ACCOUNT, sessions=MOST_OF_AN_ACCOUNT)

        assert not open_ones.has_room(visit(nonce="another session"))


def test_a_stream_that_breaks_gives_its_place_back() -> None:
    open_ones = OpenStreams()
    for _ in range(MOST_OF_A_SESSION + 1):
        with pytest.raises(ConnectionError), open_ones.one_more(visit()):
            raise ConnectionError

    assert open_ones.has_room(visit())


def test_a_browser_does_not_ask_again_for_what_no_page_has() -> None:
    scope = {"type": "http", "method": "GET", "path": "/\0", "query_string": b"", "headers": []}

    async def status() -> int:
        answer = await endpoint(backend(), lambda _: iter([]))(Request(scope))
        return answer.status_code

    assert asyncio.run(status()) == 204


def signed_in() -> Request:
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b""}
    return Request(scope | {"headers": [cookie()]})


async def received(service: Backend, begin: Begin) -> list[object]:
    """All that a stream says."""
    answer = await endpoint(service, begin)(signed_in())
    assert isinstance(answer, StreamingResponse)
    return [chunk async for chunk in answer.body_iterator]


def test_a_stream_of_what_is_gone_ends() -> None:
    def changes(_visit: Visit) -> Iterator[list[str]]:
        return iter([["<p>first</p>", "<p>second\nline</p>"]])

    assert asyncio.run(received(backend(), changes)) == [
        "event: change\ndata: <p>first</p>\n\n",
        "event: change\ndata: <p>second line</p>\n\n",
        END,
    ]


def written() -> Backend:
    """A service to which somebody writes all the time."""
    return backend(version=partial(next, map(str, count())))


def test_a_stream_goes_on_once_the_database_answers_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "AWAY_SECONDS", 0.01)
    begun: list[Visit] = []

    def broken() -> Iterator[list[str]]:
        yield ["<p>first</p>"]
        raise TimeoutError

    def changes(of: Visit) -> Iterator[list[str]]:
        begun.append(of)
        if len(begun) == 2:
            raise TimeoutError
        return broken() if len(begun) == 1 else iter([["<p>all</p>"]])

    first, away, here, back, everything, end = asyncio.run(received(written(), changes))

    assert first == "event: change\ndata: <p>first</p>\n\n"
    assert "The database does not answer" in str(away)
    assert here == HERE
    assert '<p id="stream-note" hidden' in str(back)
    assert everything == "event: change\ndata: <p>all</p>\n\n"
    assert end == END


def test_a_stream_is_asked_for_again_where_the_database_does_not_answer() -> None:
    def changes(_visit: Visit) -> Iterator[list[str]]:
        raise TimeoutError

    async def status() -> int:
        return (await endpoint(backend(), changes)(signed_in())).status_code

    assert asyncio.run(status()) == 503
