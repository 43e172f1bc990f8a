"""The way from processes to a server, on which a test lets everything be lost, or break."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

BLOCK_BYTES = 1 << 16
TCP_MD5SIG = 14
"""The option by which Linux has the segments of TCP signed (RFC 2385)."""


class Link:
    """A way to a server on 127.0.0.1 that passes on what comes, but for what a test does to it.

    Attributes:
        port: Where it begins, on 127.0.0.1.
    """

    def __init__(self, listener: socket.socket, server_port: int) -> None:
        self.port: int = listener.getsockname()[1]
        self._server = ("127.0.0.1", server_port)
        self._lock = threading.Lock()
        self._listener = listener
        self._connections: set[socket.socket] = set()
        self._is_broken = False

    @contextmanager
    def lossy(self) -> Iterator[None]:
        """Let every packet be lost meanwhile, so that neither end is told anything.

        This end of the connections expects signatures, and signs: the kernel drops in silence
        what comes without, and at the other end what comes with one. That needs no privileges.
        """
        self._sign(b"lost")
        try:
            yield
        finally:
            self._sign(b"")

    @contextmanager
    def broken(self) -> Iterator[None]:
        """Let every connection end meanwhile, those that come as soon as they are made."""
        with self._lock:
            self._is_broken = True
            for connection in self._connections:
                _end(connection, socket.SHUT_RDWR)
        try:
            yield
        finally:
            self._is_broken = False

    def pass_on(self, near: socket.socket) -> None:
        """Pass on what comes from a client, and the server's answers, until either ends."""
        with self._lock:
            if self._is_broken:
                return
            self._connections.add(near)
        try:
            with socket.create_connection(self._server) as far:
                answers = threading.Thread(target=_pump, args=(far, near), daemon=True)
                answers.start()
                _pump(near, far)
                answers.join()
        finally:
            with self._lock:
                self._connections.remove(near)

    def _sign(self, key: bytes) -> None:
        """Expect a signature by a key from now on, and sign by it; by none where it is empty."""
        peer = struct.pack("HH4s120x", socket.AF_INET, 0, socket.inet_aton("127.0.0.1"))
        option = peer + struct.pack("BBHI80s", 0, 0, len(key), 0, key)
        with self._lock:
            for end in (self._listener, *self._connections):
                end.setsockopt(socket.IPPROTO_TCP, TCP_MD5SIG, option)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while block := source.recv(BLOCK_BYTES):
            target.sendall(block)
    _end(source, socket.SHUT_RD)
    _end(target, socket.SHUT_WR)


def _end(connection: socket.socket, way: int) -> None:
    # The other end may have ended it.
    with suppress(OSError):
        connection.shutdown(way)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, server_port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.link = Link(self.socket, server_port)


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.server.link.pass_on(self.request)


@contextmanager
def link(server_port: int) -> Iterator[Link]:
    """A way to a server on 127.0.0.1 by its port, for as long as the context."""
    with _Server(server_port) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.link
        finally:
            server.shutdown()
            thread.join()
