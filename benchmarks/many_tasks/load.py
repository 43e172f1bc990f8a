"""A light client: it sends requests that are ready, over connections that stay open.

What is measured is the server: the requests are signed beforehand, and of an answer no
more is read than its status and its length.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import statistics
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle
from typing import cast
from urllib.parse import urlsplit

import uvloop

from imageferry.signing import acs_v3
from support.service import REGION, VERSION, Service

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_OK = b"HTTP/1.1 200"

SECONDS = 10.0
"""How long requests are sent for a figure at the most."""

ANSWER_SECONDS = 60.0
"""How long the last answers may take."""


@dataclass(frozen=True)
class Load:
    """What came of a load.

    Attributes:
        answered: How many requests were answered.
        rate: Requests that were answered a second.
        median: Seconds from a request to its answer, of half the requests at most.
        slowest: The same, of 99 of a hundred.
    """

    answered: int
    rate: float
    median: float
    slowest: float


def plain_get(url: str) -> bytes:
    """A request without a signature."""
    parts = urlsplit(url)
    return f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()


def signed_lists(service: Service, parameters: Mapping[str, object], count: int) -> Sequence[bytes]:
    """So many DescribeTasks requests with these parameters, each with a signature of its own."""
    form = tuple(
        {"RegionId": REGION, **{key: str(value) for key, value in parameters.items()}}.items()
    )
    return [_signed(service, form) for _ in range(count)]


def _signed(service: Service, form: tuple[tuple[str, str], ...]) -> bytes:
    request = acs_v3.sign(
        access_key_id=service.access_key_id,
        access_key_secret=service.access_key_secret,
        host=service.ecs.removeprefix("http://"),
        action="DescribeTasks",
        version=VERSION,
        date=datetime.now(UTC),
        nonce=secrets.token_hex(16),
        form=form,
    )
    headers = {**request.headers, "content-length": str(len(request.body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST / HTTP/1.1\r\n{lines}\r\n".encode() + request.body


def send(
    urls: Sequence[str],
    requests: Sequence[bytes],
    *,
    seconds: float = SECONDS,
    connections: int = 16,
) -> Load:
    """Send requests as fast as they are answered, and measure.

    Args:
        urls: The servers; the connections are shared out among them.
        requests: What to send. All connections take them from the same row.
        seconds: How long requests are sent at the most.
        connections: How many requests are under way at a time.

    Raises:
        RuntimeError: one was not answered with 200.
        TimeoutError: the last ones were not answered within :data:`ANSWER_SECONDS`.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_send(urls, requests, seconds, connections))


def _until(requests: Iterable[bytes], seconds: float) -> Iterator[bytes]:
    """The requests as long as there is time; the first one in any case."""
    deadline = time.monotonic() + seconds
    for request in requests:
        yield request
        if time.monotonic() >= deadline:
            return


async def _send(
    urls: Sequence[str], requests: Sequence[bytes], seconds: float, connections: int
) -> Load:
    loop = asyncio.get_running_loop()
    rest, waits = _until(requests, seconds), list[float]()
    clients = []
    for _, url in zip(range(connections), cycle(urls), strict=False):
        host, port = urlsplit(url).netloc.split(":")
        _, client = await loop.create_connection(lambda: _Client(rest, waits), host, int(port))
        clients.append(client)
    begun = time.perf_counter()
    for client in clients:
        client.send_next()
    async with asyncio.timeout(seconds + ANSWER_SECONDS):
        await asyncio.gather(*(client.done for client in clients))
    taken = time.perf_counter() - begun
    ordered = sorted(waits)
    slowest = ordered[int(len(ordered) * 0.99)]
    return Load(len(ordered), len(ordered) / taken, statistics.median(ordered), slowest)


class _Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, rest: Iterator[bytes], waits: list[float]) -> None:
        self.done = asyncio.get_running_loop().create_future()
        self._rest = rest
        self._waits = waits
        self._sent = 0.0
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to the server."""
        self._transport = cast(asyncio.Transport, transport)

    def send_next(self) -> None:
        """Send one more request, or end where there is none."""
        request = next(self._rest, None)
        if request is None:
            self._transport.close()
            self.done.set_result(None)
            return
        self._answer = b""
        self._sent = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Take in an answer, or a part of it."""
        self._answer += data
        head, found, body = self._answer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head) if found else None
        if length is None or len(body) < int(length[1]):
            return
        if not head.startswith(_OK):
            self.connection_lost(RuntimeError(self._answer.decode(errors="replace")))
            return
        self._waits.append(time.perf_counter() - self._sent)
        self.send_next()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give up where the work is not done."""
        if not self.done.done():
            self.done.set_exception(exc or RuntimeError("The server closed the connection."))
