"""A proxy that fails on purpose, between the service and a real S3 server.

It passes requests on byte for byte, but for those that a test gives it a fault for.
"""

from __future__ import annotations

import http.client
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import cast
from urllib.parse import parse_qs, urlsplit

CHUNK_BYTES = 1 << 16
HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "expect"})
HTML = b"<html><body>Sign in to the hotel's network to go on.</body></html>"


@dataclass(frozen=True)
class Asked:
    """A request as the proxy sees it."""

    method: str
    path: str
    headers: Mapping[str, str]

    @property
    def is_range(self) -> bool:
        """Whether it reads bytes of an object."""
        return self.method == "GET" and "Range" in self.headers

    @property
    def is_part(self) -> bool:
        """Whether it stores bytes of an object."""
        return self.method == "PUT" and "partNumber=" in self.path

    @property
    def begins_upload(self) -> bool:
        """Whether it begins an upload in parts."""
        asked = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        return self.method == "POST" and "uploads" in asked


@dataclass(frozen=True)
class Answer:
    """What the server answers."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Fault = Callable[["FaultyStore", "Connection"], None]
"""Does to a request what is to go wrong with it. The connection ends afterwards."""


Choice = Callable[[Asked], bool]
"""Which requests are meant."""


class Connection:
    """One request of the service, for a fault to deal with.

    Attributes:
        asked: The request.
    """

    def __init__(self, asked: Asked, handler: BaseHTTPRequestHandler) -> None:
        self.asked = asked
        self._handler = handler

    def answer(self, status: int, body: bytes, headers: Mapping[str, str], *, sent: int) -> None:
        """Answer, with so many bytes of the body."""
        self._handler.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in HOP_BY_HOP | {"content-length"}:
                self._handler.send_header(name, value)
        self._handler.send_header("Content-Length", str(len(body)))
        self._handler.end_headers()
        self._handler.wfile.write(body[:sent])

    def reset(self) -> None:
        """End the connection by a reset, as a firewall does that has forgotten it."""
        linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        self._handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def unavailable(_store: FaultyStore, connection: Connection) -> None:
    """Answer as a store does that is overloaded."""
    body = b"<Error><Code>SlowDown</Code></Error>"
    headers = {"Content-Type": "application/xml", "Date": formatdate(usegmt=True)}
    connection.answer(
        503, body, headers, sent=0 if connection.asked.method == "HEAD" else len(body)
    )


def page(_store: FaultyStore, connection: Connection) -> None:
    """Answer with success and a page that nobody has asked for."""
    connection.answer(200, HTML, {"Content-Type": "text/html"}, sent=len(HTML))


def reset(_store: FaultyStore, connection: Connection) -> None:
    """Let the connection break."""
    connection.reset()


def cut_short(store: FaultyStore, connection: Connection) -> None:
    """Send half of what was asked for."""
    found = store.pass_on(connection.asked, b"")
    connection.answer(found.status, found.body, found.headers, sent=len(found.body) // 2)


def lost(store: FaultyStore, connection: Connection) -> None:
    """Do what was asked for without a body, and let the connection break before the answer."""
    store.pass_on(connection.asked, b"")
    connection.reset()


def withheld(store: FaultyStore, connection: Connection) -> None:
    """Do the same, and answer nothing until the test lets go."""
    store.pass_on(connection.asked, b"")
    silence(store, connection)


def silence(store: FaultyStore, _connection: Connection) -> None:
    """Take the request, and answer nothing until the test lets go."""
    store.stalled.set()
    store.let_go.wait()


def stall(store: FaultyStore, connection: Connection) -> None:
    """Send the half of it, and then nothing, until the test lets go."""
    found = store.pass_on(connection.asked, b"")
    connection.answer(found.status, found.body, found.headers, sent=len(found.body) // 2)
    store.stalled.set()
    store.let_go.wait()


class FaultyStore:
    """The proxy that runs.

    Attributes:
        url: Its address.
        stalled: Is set when an answer has come to a standstill.
        let_go: Ends every standstill when it is set.
        failed: How many requests a fault was given.
    """

    def __init__(self, url: str, target: str) -> None:
        self.url = url
        self.stalled = threading.Event()
        self.let_go = threading.Event()
        self.failed = 0
        self._target = target.removeprefix("http://")
        self._lock = threading.Lock()
        self._fault: Fault | None = None
        self._chosen: Choice = lambda _: False
        self._left = 0

    def inject(self, fault: Fault, which: Choice, times: int = 1 << 30) -> None:
        """Give the next requests of a kind a fault.

        Args:
            fault: What goes wrong.
            which: The requests that it goes wrong with.
            times: How many of them.
        """
        with self._lock:
            self._fault, self._chosen, self._left = fault, which, times
        self.let_go.clear()

    def heal(self) -> None:
        """Let nothing go wrong from now on."""
        with self._lock:
            self._left = 0
        self.let_go.set()

    def fault_for(self, asked: Asked) -> Fault | None:
        """What goes wrong with a request."""
        with self._lock:
            if not self._left or not self._chosen(asked):
                return None
            self._left -= 1
            self.failed += 1
            return self._fault

    def pass_on(self, asked: Asked, body: bytes) -> Answer:
        """Ask the server."""
        server = http.client.HTTPConnection(self._target, timeout=120)
        try:
            # The host is part of what is signed.
            server.putrequest(asked.method, asked.path, skip_host=True, skip_accept_encoding=True)
            for name, value in asked.headers.items():
                if name.lower() not in HOP_BY_HOP:
                    server.putheader(name, value)
            server.endheaders(body)
            reply = server.getresponse()
            return Answer(reply.status, dict(reply.getheaders()), reply.read())
        finally:
            server.close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.store = FaultyStore(f"http://127.0.0.1:{self.server_address[1]}", target)

    def handle_error(self, *_: object) -> None:
        """Whoever asked has gone: that is his business."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _handle(self) -> None:
        store = cast("_Server", self.server).store
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = Asked(self.command, self.path, dict(self.headers.items()))
        fault = store.fault_for(asked)
        if fault is None:
            self._answer(store.pass_on(asked, body))
        else:
            self.close_connection = True
            fault(store, Connection(asked, self))

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _handle  # noqa: N815 - named by its base

    def _answer(self, found: Answer) -> None:
        self.send_response_only(found.status)
        for name, value in found.headers.items():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        has_length = "content-length" in map(str.lower, found.headers)
        if not has_length and found.status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(found.body)))
        self.end_headers()
        self.wfile.write(found.body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def faulty_store(target: str) -> Iterator[FaultyStore]:
    """Start a proxy before a server, and stop it at the end.

    Args:
        target: The server's address, ``http://host:port``.
    """
    with _Server(target) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.store
        finally:
            server.store.heal()
            server.shutdown()
            thread.join()
