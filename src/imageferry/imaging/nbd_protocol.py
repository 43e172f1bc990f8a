"""The words of the NBD protocol that a read-only server needs.

From ``doc/proto.md`` of the NetworkBlockDevice project.
"""

from __future__ import annotations

import socket
import struct

GREETING_MAGIC = 0x4E42444D41474943
OPTION_MAGIC = 0x49484156454F5054
OPTION_REPLY_MAGIC = 0x0003E889045565A9
REQUEST_MAGIC = 0x25609513
SIMPLE_REPLY_MAGIC = 0x67446698
STRUCTURED_REPLY_MAGIC = 0x668E33EF

GREETING = struct.Struct(">QQH")
OPTION = struct.Struct(">QII")
OPTION_REPLY = struct.Struct(">QIII")
REQUEST = struct.Struct(">IHHQQI")
SIMPLE_REPLY = struct.Struct(">IIQ")
STRUCTURED_REPLY = struct.Struct(">IHHQI")

FLAG_FIXED_NEWSTYLE = 1 << 0
FLAG_NO_ZEROES = 1 << 1

OPT_EXPORT_NAME = 1
OPT_ABORT = 2
OPT_LIST = 3
OPT_INFO = 6
OPT_GO = 7
OPT_STRUCTURED_REPLY = 8
OPT_LIST_META_CONTEXT = 9
OPT_SET_META_CONTEXT = 10

REP_ACK = 1
REP_SERVER = 2
REP_INFO = 3
REP_META_CONTEXT = 4
REP_ERR_UNSUP = 0x80000001
REP_ERR_INVALID = 0x80000003
REP_ERR_UNKNOWN = 0x80000006

INFO_EXPORT = 0
INFO_BLOCK_SIZE = 3

TRANSMISSION_FLAGS = (
    1 << 0  # has flags
    | 1 << 1  # read only
    | 1 << 2  # takes flushes
    | 1 << 8  # several connections see the same bytes
)

CMD_READ = 0
CMD_WRITE = 1
CMD_DISC = 2
CMD_FLUSH = 3
CMD_BLOCK_STATUS = 7
CMD_FLAG_REQ_ONE = 1 << 3

REPLY_FLAG_DONE = 1 << 0
REPLY_NONE = 0
REPLY_OFFSET_DATA = 1
REPLY_BLOCK_STATUS = 5
REPLY_ERROR = 0x8001

STATE_HOLE = 1 << 0
STATE_ZERO = 1 << 1

EPERM = 1
EIO = 5
EINVAL = 22

ALLOCATION_CONTEXT = b"base:allocation"
ALLOCATION_CONTEXT_ID = 1


class ProtocolError(Exception):
    """The peer does not speak the protocol, or has gone."""


def receive(connection: socket.socket, length: int) -> bytes:
    """Exactly ``length`` bytes from the peer.

    Raises:
        ProtocolError: the connection ended before.
    """
    data = connection.recv(length, socket.MSG_WAITALL) if length else b""
    if len(data) != length:
        raise ProtocolError("The connection ended.")
    return data
