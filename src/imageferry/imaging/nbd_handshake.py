"""The first part of an NBD connection: the peer chooses the export and what it wants of it."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

from imageferry.imaging import nbd_protocol as nbd
from imageferry.imaging.nbd_protocol import ProtocolError, receive

_MAX_OPTION_BYTES = 8192
_MAX_OPTIONS = 64
_PREFERRED_BLOCK = 64 * 1024


@dataclass
class Session:
    """What was agreed on.

    Attributes:
        structured: Replies come in chunks that can carry more than data.
        allocation: The peer may ask where the export has holes.
    """

    structured: bool = False
    allocation: bool = False


class Handshake:
    """The options' phase of one connection, for the one export, which has no name."""

    def __init__(self, connection: socket.socket, size: int, max_request: int) -> None:
        """Prepare it.

        Args:
            connection: The peer.
            size: The export's size in bytes.
            max_request: The longest read that is answered, in bytes.
        """
        self._connection = connection
        self._size = size
        self._max_request = max_request
        self._session = Session()

    def run(self) -> Session | None:
        """Agree with the peer; ``None`` if it goes without wanting to read.

        Raises:
            ProtocolError: the peer does not speak the protocol.
        """
        flags = nbd.FLAG_FIXED_NEWSTYLE | nbd.FLAG_NO_ZEROES
        greeting = nbd.GREETING.pack(nbd.GREETING_MAGIC, nbd.OPTION_MAGIC, flags)
        self._connection.sendall(greeting)
        (peer_flags,) = struct.unpack(">I", receive(self._connection, 4))
        if not peer_flags & nbd.FLAG_FIXED_NEWSTYLE:
            raise ProtocolError("The peer speaks an old form of the protocol.")
        for _ in range(_MAX_OPTIONS):
            option, data = self._receive_option()
            if option == nbd.OPT_ABORT:
                self._reply(option, nbd.REP_ACK)
                return None
            if option == nbd.OPT_EXPORT_NAME:
                return self._start_by_name(data, bool(peer_flags & nbd.FLAG_NO_ZEROES))
            if self._answer(option, data) and option == nbd.OPT_GO:
                return self._session
        raise ProtocolError("The peer sends options without end.")

    def _receive_option(self) -> tuple[int, bytes]:
        header = receive(self._connection, nbd.OPTION.size)
        magic, option, length = nbd.OPTION.unpack(header)
        if magic != nbd.OPTION_MAGIC or length > _MAX_OPTION_BYTES:
            raise ProtocolError("The peer sent no option.")
        return option, receive(self._connection, length)

    def _reply(self, option: int, kind: int, data: bytes = b"") -> None:
        header = nbd.OPTION_REPLY.pack(nbd.OPTION_REPLY_MAGIC, option, kind, len(data))
        self._connection.sendall(header + data)

    def _start_by_name(self, name: bytes, without_zeroes: bool) -> Session:
        if name:
            raise ProtocolError("The peer wants an export that is not there.")
        reply = struct.pack(">QH", self._size, nbd.TRANSMISSION_FLAGS)
        self._connection.sendall(reply if without_zeroes else reply + bytes(124))
        return self._session

    def _answer(self, option: int, data: bytes) -> bool:
        """Answer an option; tell whether it was accepted."""
        try:
            error = self._try_option(option, data)
        except (struct.error, IndexError):
            error = nbd.REP_ERR_INVALID
        self._reply(option, error or nbd.REP_ACK)
        return not error

    def _try_option(self, option: int, data: bytes) -> int:
        """Carry an option out; 0, or the error to answer with."""
        if option == nbd.OPT_LIST:
            self._reply(option, nbd.REP_SERVER, struct.pack(">I", 0))
        elif option == nbd.OPT_STRUCTURED_REPLY:
            self._session.structured = True
        elif option in (nbd.OPT_INFO, nbd.OPT_GO):
            return self._describe(option, data)
        elif option in (nbd.OPT_LIST_META_CONTEXT, nbd.OPT_SET_META_CONTEXT):
            return self._choose_contexts(option, data)
        else:
            return nbd.REP_ERR_UNSUP
        return 0

    def _describe(self, option: int, data: bytes) -> int:
        (name_length,) = struct.unpack_from(">I", data)
        if name_length:
            return nbd.REP_ERR_UNKNOWN
        export = struct.pack(">HQH", nbd.INFO_EXPORT, self._size, nbd.TRANSMISSION_FLAGS)
        blocks = struct.pack(">HIII", nbd.INFO_BLOCK_SIZE, 1, _PREFERRED_BLOCK, self._max_request)
        self._reply(option, nbd.REP_INFO, export)
        self._reply(option, nbd.REP_INFO, blocks)
        return 0

    def _choose_contexts(self, option: int, data: bytes) -> int:
        if not self._session.structured:
            return nbd.REP_ERR_INVALID
        name_length, count = struct.unpack_from(">II", data)
        if name_length:
            return nbd.REP_ERR_UNKNOWN
        wanted = nbd.ALLOCATION_CONTEXT in _queries(data, count)
        if option == nbd.OPT_SET_META_CONTEXT:
            self._session.allocation = wanted
        if wanted or not count:
            context = struct.pack(">I", nbd.ALLOCATION_CONTEXT_ID) + nbd.ALLOCATION_CONTEXT
            self._reply(option, nbd.REP_META_CONTEXT, context)
        return 0


def _queries(data: bytes, count: int) -> list[bytes]:
    offset, queries = 8, []
    for _ in range(count):
        (length,) = struct.unpack_from(">I", data, offset)
        queries.append(data[offset + 4 : offset + 4 + length])
        offset += 4 + length
    return queries
