"""The disk image as a file that can be read, over the socket of our own NBD server."""

from __future__ import annotations

import io
import os
import socket
import struct

from imageferry.imaging import nbd_protocol as nbd
from imageferry.imaging.nbd_protocol import ProtocolError, receive

_MAX_READ = 1024 * 1024


class NbdFile(io.RawIOBase):
    """A read-only file whose bytes an NBD server has.

    Args:
        path: The server's unix socket.

    Raises:
        OSError: it cannot be reached.
        ProtocolError: it does not speak the protocol.
    """

    def __init__(self, path: str) -> None:
        super().__init__()
        self._position = 0
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._connection.connect(path)
        self._size = self._choose_export()

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Let the next read begin elsewhere."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Read into a buffer, less than its length where it is long or the file ends."""
        length = max(0, min(len(buffer), _MAX_READ, self._size - self._position))
        if length:
            buffer[:length] = self._read(self._position, length)
            self._position += length
        return length

    def _choose_export(self) -> int:
        magic, _, _ = nbd.GREETING.unpack(receive(self._connection, nbd.GREETING.size))
        if magic != nbd.GREETING_MAGIC:
            raise ProtocolError("The server sent no greeting.")
        flags = struct.pack(">I", nbd.FLAG_FIXED_NEWSTYLE | nbd.FLAG_NO_ZEROES)
        option = nbd.OPTION.pack(nbd.OPTION_MAGIC, nbd.OPT_EXPORT_NAME, 0)
        self._connection.sendall(flags + option)
        size, _ = struct.unpack(">QH", receive(self._connection, 10))
        return int(size)

    def _read(self, offset: int, length: int) -> bytes:
        request = nbd.REQUEST.pack(nbd.REQUEST_MAGIC, 0, nbd.CMD_READ, 0, offset, length)
        self._connection.sendall(request)
        reply = receive(self._connection, nbd.SIMPLE_REPLY.size)
        magic, error, _ = nbd.SIMPLE_REPLY.unpack(reply)
        if magic != nbd.SIMPLE_REPLY_MAGIC:
            raise ProtocolError("The server sent no reply.")
        if error:
            raise OSError(error, os.strerror(error))
        return receive(self._connection, length)
