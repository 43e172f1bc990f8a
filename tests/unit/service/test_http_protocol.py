"""Which connections are ended because their clients keep the service waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, cast

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState

from imageferry.service.http_protocol import HttpProtocol

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"
BODY = b"0123456789"


class Clock:
    """What a protocol asks of its loop: time passes when a test says so."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._now = 0.0
        self._timers: list[Timer] = []

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Set a timer."""
        timer = Timer(self._now + seconds, callback)
        self._timers.append(timer)
        return timer

    def create_task(self, coro: Any, **named: Any) -> Any:
        """Leave it to the loop that does the work."""
        return self._loop.create_task(coro, **named)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds
        for timer in [timer for timer in self._timers if timer.when <= self._now]:
            timer.run()


class Timer:
    """A timer that may be cancelled."""

    def __init__(self, when: float, run: Callable[[], None]) -> None:
        self.when = when
        self.run = run

    def cancel(self) -> None:
        """Never run."""
        self.run = lambda: None


class Transport(asyncio.Transport):
    """A connection that is open until somebody closes it."""

    is_open = True
    sent = b""

    def write(self, data: Any) -> None:
        """Send."""
        self.sent += data

    def close(self) -> None:
        """Close."""
        self.is_open = False

    def is_closing(self) -> bool:
        """Whether it is closed."""
        return not self.is_open

    def pause_reading(self) -> None:
        """Do without: nothing is read by itself."""

    def resume_reading(self) -> None:
        """Do without."""


async def reads_all(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers when the whole request is there."""
    while (await receive()).get("more_body", False):
        pass
    await reads_nothing(scope, receive, send)


async def reads_nothing(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answers at once."""
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


class Connection:
    """A connection to an application."""

    def __init__(self, loop: asyncio.AbstractEventLoop, application: ASGIApp) -> None:
        config = uvicorn.Config(application, http=HttpProtocol, log_config=None, lifespan="off")
        config.load()
        self._loop = loop
        self._clock = Clock(loop)
        self._transport = Transport()
        self._protocol = HttpProtocol(config, ServerState(), {}, _loop=cast("Any", self._clock))
        self._protocol.connection_made(self._transport)

    @property
    def answers(self) -> int:
        """How many answers were sent as a whole."""
        return self._transport.sent.count(b"\r\n\r\nok")

    def receive(self, data: bytes) -> None:
        """Let data come, and the application do what it can."""
        self._protocol.data_received(data)
        for _ in range(10):
            self._loop.run_until_complete(asyncio.sleep(0))

    def receive_slowly(self, data: bytes, seconds: float) -> None:
        """Let data come byte by byte, each so many seconds after the one before."""
        for byte in data:
            assert self.is_open_after(seconds)
            self.receive(bytes([byte]))

    def is_open_after(self, seconds: float) -> bool:
        """Whether it is open when so much time has passed."""
        self._clock.advance(seconds)
        return self._transport.is_open

    def lose(self) -> None:
        """Let the client hang up."""
        self._protocol.connection_lost(None)
        self._transport.is_open = True


Connect = Callable[[ASGIApp], Connection]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes connections to applications."""
    loop = asyncio.new_event_loop()
    yield partial(Connection, loop)
    loop.close()


def test_a_client_that_sends_nothing_is_let_go(connect: Connect) -> None:
    connection = connect(reads_all)

    assert connection.is_open_after(29)
    assert not connection.is_open_after(2)


def test_a_head_has_to_come_in_time_as_a_whole(connect: Connect) -> None:
    connection = connect(reads_all)
    connection.receive_slowly(HEAD[:29], 1)

    assert not connection.is_open_after(2)


def test_each_head_has_its_own_time(connect: Connect) -> None:
    connection = connect(reads_all)
    connection.receive_slowly(HEAD[:20], 1)
    connection.receive(HEAD[20:] + BODY)
    connection.receive_slowly(HEAD[:29], 1)

    assert connection.answers == 1
    assert connection.is_open_after(1)
    assert not connection.is_open_after(2)


def test_what_is_left_of_a_body_that_was_answered_has_to_come_in_time(connect: Connect) -> None:
    connection = connect(reads_nothing)
    connection.receive(HEAD)
    connection.receive_slowly(BODY[:9], 3)

    assert connection.answers == 1
    assert connection.is_open_after(5)
    assert not connection.is_open_after(2)


def test_a_body_that_is_read_may_take_as_long_as_it_is_read(connect: Connect) -> None:
    connection = connect(reads_all)
    connection.receive(HEAD)
    connection.receive_slowly(BODY, 1000)

    assert connection.answers == 1


def test_a_client_that_goes_on_asking_stays(connect: Connect) -> None:
    connection = connect(reads_all)
    for _ in range(20):
        connection.receive(HEAD + BODY)
        assert connection.is_open_after(4)

    assert connection.answers == 20


def test_nothing_is_left_of_a_connection_that_is_lost(connect: Connect) -> None:
    connection = connect(reads_all)
    connection.lose()

    assert connection.is_open_after(100)
