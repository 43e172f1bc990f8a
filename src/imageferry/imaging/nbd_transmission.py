"""The second part of an NBD connection: the peer reads, and asks where the holes are."""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from imageferry.imaging import nbd_protocol as nbd
from imageferry.imaging.data_map import DataMap
from imageferry.imaging.nbd_handshake import Session
from imageferry.imaging.nbd_protocol import ProtocolError, receive
from imageferry.imaging.source import ByteSource, ended_early
from imageferry.telemetry.threads import ContextThreads

_PARALLEL_READS = 16
_MAX_EXTENTS = 512
_MAX_EXTENT_LENGTH = 2**32 - 65536


@dataclass(frozen=True)
class Request:
    """One request of the peer."""

    flags: int
    kind: int
    cookie: int
    offset: int
    length: int


class Export(Protocol):
    """What is served, and who is told of it."""

    source: ByteSource
    data_map: DataMap
    max_request: int

    def begin_read(self, length: int) -> None:
        """Called before a read; raises what ends the export."""
        ...

    def fail(self, error: Exception) -> None:
        """Called with the error for which a read was not answered."""
        ...


class Transmission:
    """Answers the requests of one connection."""

    def __init__(self, connection: socket.socket, session: Session, export: Export) -> None:
        """Prepare it.

        Args:
            connection: The peer.
            session: What was agreed on.
            export: What is served.
        """
        self._connection = connection
        self._session = session
        self._export = export
        self._sending = threading.Lock()

    def run(self) -> None:
        """Answer until the peer says goodbye.

        A source with a file is read in this thread: the kernel copies the bytes. Others take
        time for each read, so many are in flight, and answers may come in any order.

        Raises:
            ProtocolError: the peer does not speak the protocol, or has gone.
        """
        with ExitStack() as stack:
            if self._export.source.fileno() is not None:
                self._serve(self._send_file)
                return
            pool = stack.enter_context(ContextThreads(_PARALLEL_READS))
            free = threading.Semaphore(_PARALLEL_READS)

            def read_in_pool(request: Request) -> None:
                free.acquire()
                work = pool.submit(self._send_bytes, request)
                work.add_done_callback(lambda _: free.release())

            self._serve(read_in_pool)

    def _serve(self, read: Callable[[Request], None]) -> None:
        while True:
            fields = nbd.REQUEST.unpack(receive(self._connection, nbd.REQUEST.size))
            if fields[0] != nbd.REQUEST_MAGIC:
                raise ProtocolError("The peer sent no request.")
            request = Request(*fields[1:])
            if request.kind == nbd.CMD_DISC:
                return
            if request.kind == nbd.CMD_WRITE:
                self._refuse_write(request)
            elif request.kind == nbd.CMD_FLUSH:
                self._send_done(request)
            elif request.kind not in (nbd.CMD_READ, nbd.CMD_BLOCK_STATUS):
                self._send_error(request, nbd.EPERM)
            elif not self._is_in_range(request):
                self._send_error(request, nbd.EINVAL)
            elif request.kind == nbd.CMD_READ:
                read(request)
            else:
                self._send_block_status(request)

    def _is_in_range(self, request: Request) -> bool:
        too_long = request.kind == nbd.CMD_READ and request.length > self._export.max_request
        unwanted = request.kind == nbd.CMD_BLOCK_STATUS and not self._session.allocation
        inside = request.offset + request.length <= self._export.source.size
        return bool(request.length) and inside and not too_long and not unwanted

    def _refuse_write(self, request: Request) -> None:
        if request.length > self._export.max_request:
            raise ProtocolError("The peer writes to a read-only export.")
        receive(self._connection, request.length)
        self._send_error(request, nbd.EPERM)

    def _send_file(self, request: Request) -> None:
        try:
            self._export.begin_read(request.length)
            descriptor = self._export.source.fileno(request.length)
            assert descriptor is not None  # noqa: S101 - see run
        except Exception as error:  # noqa: BLE001  kept for whoever waits for the conversion
            self._export.fail(error)
            self._send_error(request, nbd.EIO)
            return
        with self._sending:
            self._connection.sendall(self._read_header(request), socket.MSG_MORE)
            self._copy(descriptor, request.offset, request.length)

    def _copy(self, descriptor: int, offset: int, length: int) -> None:
        end = offset + length
        while offset < end:
            try:
                sent = os.sendfile(self._connection.fileno(), descriptor, offset, end - offset)
            except (BrokenPipeError, ConnectionResetError):
                raise ProtocolError("The connection ended.") from None
            except OSError as error:
                self._export.fail(error)
                raise ProtocolError("The source cannot be read.") from error
            if not sent:
                self._export.fail(ended_early(offset))
                raise ProtocolError("The source ended early.")
            offset += sent

    def _send_bytes(self, request: Request) -> None:
        try:
            self._export.begin_read(request.length)
            data = self._export.source.pread(request.offset, request.length)
            if len(data) != request.length:
                raise ended_early(request.offset + len(data))  # noqa: TRY301
        except Exception as error:  # noqa: BLE001  kept for whoever waits for the conversion
            self._export.fail(error)
            self._send_error(request, nbd.EIO)
            return
        self._send(self._read_header(request), data)

    def _read_header(self, request: Request) -> bytes:
        if not self._session.structured:
            return nbd.SIMPLE_REPLY.pack(nbd.SIMPLE_REPLY_MAGIC, 0, request.cookie)
        place = struct.pack(">Q", request.offset)
        return self._chunk(request, nbd.REPLY_OFFSET_DATA, len(place) + request.length) + place

    def _send_block_status(self, request: Request) -> None:
        end = request.offset + request.length
        limit = 1 if request.flags & nbd.CMD_FLAG_REQ_ONE else _MAX_EXTENTS
        extents = islice(self._export.data_map.extents(request.offset, end), limit)
        states = b"".join(
            struct.pack(
                ">II",
                min(stop - start, _MAX_EXTENT_LENGTH),
                0 if holds_data else nbd.STATE_HOLE | nbd.STATE_ZERO,
            )
            for start, stop, holds_data in extents
        )
        data = struct.pack(">I", nbd.ALLOCATION_CONTEXT_ID) + states
        self._send(self._chunk(request, nbd.REPLY_BLOCK_STATUS, len(data)), data)

    def _send_done(self, request: Request) -> None:
        if self._session.structured:
            self._send(self._chunk(request, nbd.REPLY_NONE, 0))
        else:
            self._send(nbd.SIMPLE_REPLY.pack(nbd.SIMPLE_REPLY_MAGIC, 0, request.cookie))

    def _send_error(self, request: Request, error: int) -> None:
        if self._session.structured:
            data = struct.pack(">IH", error, 0)
            self._send(self._chunk(request, nbd.REPLY_ERROR, len(data)), data)
        else:
            self._send(nbd.SIMPLE_REPLY.pack(nbd.SIMPLE_REPLY_MAGIC, error, request.cookie))

    @staticmethod
    def _chunk(request: Request, kind: int, length: int) -> bytes:
        return nbd.STRUCTURED_REPLY.pack(
            nbd.STRUCTURED_REPLY_MAGIC, nbd.REPLY_FLAG_DONE, kind, request.cookie, length
        )

    def _send(self, header: bytes, data: bytes = b"") -> None:
        with self._sending:
            self._connection.sendall(header, socket.MSG_MORE if data else 0)
            if data:
                self._connection.sendall(data)
