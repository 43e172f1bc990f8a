"""The server as its peer sees it, byte by byte."""

from __future__ import annotations

import socket
import stat
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from imageferry.imaging import nbd_protocol as nbd
from imageferry.imaging.errors import SOURCE_FAILED, ImageError
from imageferry.imaging.nbd import NbdServer
from imageferry.imaging.source import ByteSource, FileSource

_GRANULE = 64 * 1024
_EMPTY_NAME = struct.pack(">IH", 0, 0)
_ALLOCATION = struct.pack(">III", 0, 1, len(nbd.ALLOCATION_CONTEXT)) + nbd.ALLOCATION_CONTEXT


class Client:
    """Speaks the protocol as far as the tests need it."""

    def __init__(self, server: NbdServer) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect(str(server.path))
        magic, options, self.flags = nbd.GREETING.unpack(self.receive(nbd.GREETING.size))
        assert (magic, options) == (nbd.GREETING_MAGIC, nbd.OPTION_MAGIC)
        self.socket.sendall(struct.pack(">I", nbd.FLAG_FIXED_NEWSTYLE | nbd.FLAG_NO_ZEROES))

    def receive(self, length: int) -> bytes:
        data = b""
        while len(data) < length:
            chunk = self.socket.recv(length - len(data))
            assert chunk, "the server hung up"
            data += chunk
        return data

    def option(self, option: int, data: bytes = b"") -> list[tuple[int, bytes]]:
        """Send an option; the kinds and contents of all replies to it."""
        self.socket.sendall(nbd.OPTION.pack(nbd.OPTION_MAGIC, option, len(data)) + data)
        replies: list[tuple[int, bytes]] = []
        while not replies or replies[-1][0] in (nbd.REP_SERVER, nbd.REP_INFO, nbd.REP_META_CONTEXT):
            header = nbd.OPTION_REPLY.unpack(self.receive(nbd.OPTION_REPLY.size))
            assert header[:2] == (nbd.OPTION_REPLY_MAGIC, option)
            replies.append((header[2], self.receive(header[3])))
        return replies

    def go(self) -> None:
        assert self.option(nbd.OPT_STRUCTURED_REPLY) == [(nbd.REP_ACK, b"")]
        assert self.option(nbd.OPT_SET_META_CONTEXT, _ALLOCATION)[-1][0] == nbd.REP_ACK
        assert self.option(nbd.OPT_GO, _EMPTY_NAME)[-1][0] == nbd.REP_ACK

    def request(self, kind: int, offset: int = 0, length: int = 0, flags: int = 0) -> None:
        self.socket.sendall(nbd.REQUEST.pack(nbd.REQUEST_MAGIC, flags, kind, 77, offset, length))

    def chunk(self) -> tuple[int, bytes]:
        """The next structured reply: its kind and content."""
        header = nbd.STRUCTURED_REPLY.unpack(self.receive(nbd.STRUCTURED_REPLY.size))
        magic, flags, kind, cookie, length = header
        assert (magic, flags, cookie) == (nbd.STRUCTURED_REPLY_MAGIC, nbd.REPLY_FLAG_DONE, 77)
        return kind, self.receive(length)

    def error(self) -> int:
        kind, data = self.chunk()
        assert kind == nbd.REPLY_ERROR
        return int(struct.unpack(">IH", data)[0])

    def read(self, offset: int, length: int) -> bytes:
        self.request(nbd.CMD_READ, offset, length)
        kind, data = self.chunk()
        assert kind == nbd.REPLY_OFFSET_DATA
        assert struct.unpack(">Q", data[:8]) == (offset,)
        return data[8:]


@contextmanager
def connected(source: ByteSource, **options: Any) -> Iterator[tuple[NbdServer, Client]]:
    with NbdServer(source, **options) as server:
        client = Client(server)
        with client.socket:
            yield server, client


@pytest.fixture
def file_source(tmp_path: Path) -> Iterator[FileSource]:
    path = tmp_path / "disk"
    with path.open("wb") as file:
        file.write(bytes(range(256)) * 256)
        file.truncate(16 * _GRANULE)
    with FileSource(path) as source:
        yield source


def test_the_socket_is_private_and_goes_with_the_server(pieces: Callable[..., Any]) -> None:
    with NbdServer(pieces({0: b"x"})) as server:
        folder = server.path.parent
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not folder.exists()


def test_what_is_read_by_a_descriptor_is_asked_for(tmp_path: Path) -> None:
    asked: list[int] = []

    class Asking(FileSource):
        def fileno(self, moving: int = 0) -> int:
            asked.append(moving)
            return super().fileno()

    (tmp_path / "disk").write_bytes(bytes(_GRANULE))
    with Asking(tmp_path / "disk") as source, connected(source) as (_, client):
        client.go()
        client.read(0, 512)
        client.read(4096, 1024)

    assert [size for size in asked if size] == [512, 1024]


def test_the_export_is_described(pieces: Callable[..., Any]) -> None:
    with connected(pieces({}, 12345)) as (_, client):
        replies = client.option(nbd.OPT_INFO, _EMPTY_NAME)
        assert replies[0] == (nbd.REP_INFO, struct.pack(">HQH", 0, 12345, 0b1_0000_0111))
        assert replies[1] == (nbd.REP_INFO, struct.pack(">HIII", 3, 1, 65536, 4 << 20))
        assert replies[2] == (nbd.REP_ACK, b"")
        assert client.option(nbd.OPT_LIST) == [(nbd.REP_SERVER, bytes(4)), (nbd.REP_ACK, b"")]


@pytest.mark.parametrize(
    ("option", "data", "reply"),
    [
        (nbd.OPT_GO, struct.pack(">I4sH", 4, b"else", 0), nbd.REP_ERR_UNKNOWN),
        (nbd.OPT_GO, b"", nbd.REP_ERR_INVALID),
        (5, b"", nbd.REP_ERR_UNSUP),
        (nbd.OPT_SET_META_CONTEXT, _ALLOCATION, nbd.REP_ERR_INVALID),
        (nbd.OPT_ABORT, b"", nbd.REP_ACK),
    ],
)
def test_options_that_lead_nowhere(
    pieces: Callable[..., Any], option: int, data: bytes, reply: int
) -> None:
    with connected(pieces({}, 10)) as (_, client):
        assert client.option(option, data) == [(reply, b"")]


def test_contexts_are_chosen(pieces: Callable[..., Any]) -> None:
    with connected(pieces({}, 10)) as (_, client):
        client.option(nbd.OPT_STRUCTURED_REPLY)
        context = struct.pack(">I", nbd.ALLOCATION_CONTEXT_ID) + nbd.ALLOCATION_CONTEXT
        for option in (nbd.OPT_LIST_META_CONTEXT, nbd.OPT_SET_META_CONTEXT):
            replies = client.option(option, _ALLOCATION)
            assert replies == [(nbd.REP_META_CONTEXT, context), (nbd.REP_ACK, b"")]
        broken = struct.pack(">II", 0, 9)
        assert client.option(nbd.OPT_SET_META_CONTEXT, broken)[0][0] == nbd.REP_ERR_INVALID
        named = struct.pack(">I4sI", 4, b"else", 0)
        assert client.option(nbd.OPT_SET_META_CONTEXT, named)[0][0] == nbd.REP_ERR_UNKNOWN


def test_an_old_peer_reads_with_simple_replies(file_source: FileSource) -> None:
    with connected(file_source) as (_, client):
        client.socket.sendall(nbd.OPTION.pack(nbd.OPTION_MAGIC, nbd.OPT_EXPORT_NAME, 0))
        assert struct.unpack(">QH", client.receive(10))[0] == file_source.size
        client.request(nbd.CMD_READ, 5, 4)
        assert client.receive(20) == nbd.SIMPLE_REPLY.pack(nbd.SIMPLE_REPLY_MAGIC, 0, 77) + bytes(
            [5, 6, 7, 8]
        )
        client.request(nbd.CMD_FLUSH)
        assert client.receive(16) == nbd.SIMPLE_REPLY.pack(nbd.SIMPLE_REPLY_MAGIC, 0, 77)
        client.request(nbd.CMD_BLOCK_STATUS, 0, 100)
        error = nbd.SIMPLE_REPLY.pack(nbd.SIMPLE_REPLY_MAGIC, nbd.EINVAL, 77)
        assert client.receive(16) == error


def test_a_file_is_read(file_source: FileSource) -> None:
    with connected(file_source) as (server, client):
        client.go()
        assert client.read(250, 10) == bytes([250, 251, 252, 253, 254, 255, 0, 1, 2, 3])
        assert client.read(16 * _GRANULE - 3, 3) == bytes(3)
        client.request(nbd.CMD_FLUSH)
        assert client.chunk() == (nbd.REPLY_NONE, b"")
        assert server.failure is None
        client.request(nbd.CMD_DISC)
        assert client.socket.recv(1) == b""


def test_many_reads_of_a_slow_source_are_in_flight(pieces: Callable[..., Any]) -> None:
    source = pieces({0: b"first", 100: b"second"}, 4096)
    with connected(source) as (_, client):
        client.go()
        for _ in range(40):
            client.request(nbd.CMD_READ, 100, 6)
        assert {client.chunk() for _ in range(40)} == {
            (nbd.REPLY_OFFSET_DATA, struct.pack(">Q", 100) + b"second")
        }


def test_holes_are_told(file_source: FileSource) -> None:
    with connected(file_source) as (_, client):
        client.go()
        client.request(nbd.CMD_BLOCK_STATUS, 100, 3 * _GRANULE)
        hole = nbd.STATE_HOLE | nbd.STATE_ZERO
        assert client.chunk() == (
            nbd.REPLY_BLOCK_STATUS,
            struct.pack(">IIIII", 1, _GRANULE - 100, 0, 2 * _GRANULE + 100, hole),
        )
        client.request(nbd.CMD_BLOCK_STATUS, 100, 3 * _GRANULE, nbd.CMD_FLAG_REQ_ONE)
        assert client.chunk()[1] == struct.pack(">III", 1, _GRANULE - 100, 0)


@pytest.mark.parametrize(
    ("kind", "offset", "length", "error"),
    [
        (nbd.CMD_READ, 0, 0, nbd.EINVAL),
        (nbd.CMD_READ, 16 * _GRANULE - 1, 2, nbd.EINVAL),
        (nbd.CMD_READ, 2**63, 1, nbd.EINVAL),
        (nbd.CMD_READ, 0, (4 << 20) + 1, nbd.EINVAL),
        (nbd.CMD_BLOCK_STATUS, 16 * _GRANULE, 1, nbd.EINVAL),
        (4, 0, 10, nbd.EPERM),
        (6, 0, 10, nbd.EPERM),
    ],
)
def test_requests_that_are_refused(
    file_source: FileSource, kind: int, offset: int, length: int, error: int
) -> None:
    with connected(file_source) as (_, client):
        client.go()
        client.request(kind, offset, length)
        assert client.error() == error
        assert client.read(0, 1) == b"\0"


def test_writing_is_refused(file_source: FileSource) -> None:
    with connected(file_source) as (_, client):
        client.go()
        client.request(nbd.CMD_WRITE, 0, 5)
        client.socket.sendall(b"wrong")
        assert client.error() == nbd.EPERM
        client.request(nbd.CMD_WRITE, 0, 2**31)
        assert client.socket.recv(1) == b""


@pytest.mark.parametrize(
    "nonsense", [b"GET / HTTP/1.1\r\n\r\n", nbd.OPTION.pack(nbd.OPTION_MAGIC, 3, 2**30)]
)
def test_a_peer_that_speaks_otherwise_is_left(file_source: FileSource, nonsense: bytes) -> None:
    with connected(file_source) as (server, client):
        client.socket.sendall(nonsense)
        with pytest.raises((AssertionError, ConnectionResetError)):
            client.receive(1)
        with Client(server).socket as other:
            assert other.fileno() >= 0


@pytest.mark.parametrize("with_file", [True, False])
def test_the_first_failure_is_remembered(
    pieces: Callable[..., Any], file_source: FileSource, with_file: bool
) -> None:
    source = file_source if with_file else pieces({0: b"x"}, 1000)
    with connected(source, read_limit=10) as (server, client):
        client.go()
        assert len(client.read(0, 10)) == 10
        client.request(nbd.CMD_READ, 0, 1)
        assert client.error() == nbd.EIO
        assert isinstance(server.failure, ImageError)
        assert server.failure.code == "InvalidImageSize.Exceeded"


def test_a_source_that_ends_early_fails(pieces: Callable[..., Any]) -> None:
    source = pieces({0: b"x"}, 1000)
    source.pread = lambda offset, length: b"short"
    with connected(source) as (server, client):
        client.go()
        client.request(nbd.CMD_READ, 0, 100)
        assert client.error() == nbd.EIO
        assert isinstance(server.failure, ImageError)
        assert server.failure.kind is SOURCE_FAILED


def test_a_file_that_shrinks_ends_the_connection(tmp_path: Path) -> None:
    path = tmp_path / "disk"
    path.write_bytes(bytes(100))
    with FileSource(path) as source, connected(source) as (server, client):
        client.go()
        path.write_bytes(b"")
        client.request(nbd.CMD_READ, 0, 100)
        with pytest.raises(AssertionError, match="hung up"):
            client.receive(1000)
        assert isinstance(server.failure, ImageError)
        assert server.failure.kind is SOURCE_FAILED


def test_closing_ends_open_connections(file_source: FileSource) -> None:
    server = NbdServer(file_source)
    server.open()
    client = Client(server)
    client.go()
    server.close()
    with client.socket:
        assert client.socket.recv(1) == b""
