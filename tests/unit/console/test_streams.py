from __future__ import annotations

from contextlib import ExitStack

import pytest

from imageferry.console.streams import MOST_OF_A_SESSION, MOST_OF_AN_ACCOUNT, OpenStreams
from support.visits import visit


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
