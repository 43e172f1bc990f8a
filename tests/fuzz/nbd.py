"""The NBD server, whose peer is a program that reads hostile images."""

from __future__ import annotations

import contextlib
import socket
import struct
from typing import cast

from fuzz.images import SparseSource
from fuzz.target import Target
from imageferry.imaging import nbd_protocol as nbd
from imageferry.imaging.data_map import DataMap
from imageferry.imaging.nbd_handshake import Handshake
from imageferry.imaging.nbd_protocol import ProtocolError
from imageferry.imaging.nbd_transmission import Transmission
from imageferry.imaging.source import ByteSource

_SIZE = 1 << 20
_MAX_REQUEST = 1 << 16
_NO_NAME = struct.pack(">IH", 0, 0)
_ALLOCATION = struct.pack(">III", 0, 1, len(nbd.ALLOCATION_CONTEXT)) + nbd.ALLOCATION_CONTEXT
_FLAGS = struct.pack(">I", nbd.FLAG_FIXED_NEWSTYLE | nbd.FLAG_NO_ZEROES)


class _Connection:
    """A peer that has said all it will say, and takes every answer."""

    def __init__(self, said: bytes) -> None:
        self._said = said
        self.largest = 0

    def recv(self, length: int, _flags: int) -> bytes:
        data, self._said = self._said[:length], self._said[length:]
        return data

    def sendall(self, data: bytes, _flags: int = 0) -> None:
        self.largest = max(self.largest, len(data))


class _Export:
    def __init__(self) -> None:
        self.source: ByteSource = SparseSource({0: b"data"}, _SIZE)
        self.data_map = DataMap(_SIZE, [(0, 4096), (_SIZE // 2, 4096)])
        self.max_request = _MAX_REQUEST
        self.failures: list[Exception] = []

    def begin_read(self, length: int) -> None:
        assert 0 < length <= _MAX_REQUEST

    def fail(self, error: Exception) -> None:
        self.failures.append(error)


def _check(data: bytes) -> None:
    peer = _Connection(data)
    connection = cast("socket.socket", peer)
    export = _Export()
    with contextlib.suppress(ProtocolError):
        session = Handshake(connection, _SIZE, _MAX_REQUEST).run()
        if session is not None:
            Transmission(connection, session, export).run()
    assert not export.failures
    assert peer.largest <= _MAX_REQUEST + 64


def _option(option: int, data: bytes = b"") -> bytes:
    return nbd.OPTION.pack(nbd.OPTION_MAGIC, option, len(data)) + data


def _request(kind: int, offset: int = 0, length: int = 0, flags: int = 0) -> bytes:
    return nbd.REQUEST.pack(nbd.REQUEST_MAGIC, flags, kind, 77, offset, length)


_REQUESTS = (
    _request(nbd.CMD_READ, 0, 512)
    + _request(nbd.CMD_BLOCK_STATUS, 0, _SIZE)
    + _request(nbd.CMD_BLOCK_STATUS, 0, _SIZE, nbd.CMD_FLAG_REQ_ONE)
    + _request(nbd.CMD_WRITE, 0, 4)
    + b"data"
    + _request(nbd.CMD_FLUSH)
    + _request(nbd.CMD_DISC)
)
_STRUCTURED = _option(nbd.OPT_STRUCTURED_REPLY) + _option(nbd.OPT_SET_META_CONTEXT, _ALLOCATION)

TARGETS = (
    Target(
        "nbd",
        (
            _FLAGS + _option(nbd.OPT_EXPORT_NAME) + _REQUESTS,
            _FLAGS + _STRUCTURED + _option(nbd.OPT_GO, _NO_NAME) + _REQUESTS,
            _FLAGS
            + _option(nbd.OPT_LIST)
            + _option(nbd.OPT_INFO, _NO_NAME)
            + _option(nbd.OPT_ABORT),
        ),
        _check,
    ),
)
