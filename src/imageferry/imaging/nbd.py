"""A read-only NBD server for one source, on a socket that only this user can reach.

It lets qemu-img read whatever we can read, without a copy on disk, and lets us see how far
qemu-img has come and why a read failed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import socket
import tempfile
import threading
import time
from pathlib import Path
from typing import Self

from imageferry.imaging.data_map import DataMap
from imageferry.imaging.errors import MORE_THAN_DECLARED
from imageferry.imaging.nbd_handshake import Handshake
from imageferry.imaging.nbd_protocol import ProtocolError
from imageferry.imaging.nbd_transmission import Transmission
from imageferry.imaging.source import ByteSource
from imageferry.telemetry.threads import context_thread

_MAX_REQUEST = 4 * 1024 * 1024
_SEND_BUFFER = 4 * 1024 * 1024
_MAX_CONNECTIONS = 16
_FOLDER_PREFIX = "imageferry-nbd-"
_LOCKED_AFTER_SECONDS = 0.5


class NbdServer:
    """Serves a source until it is closed, each connection in a thread of its own.

    Attributes:
        path: The socket's path. It lies in a folder of mode 0700.
        source: What is served.
        data_map: Where the source holds data.
        max_request: The longest read that is answered, in bytes.
        failure: The first error for which a read was not answered.
    """

    def __init__(self, source: ByteSource, *, read_limit: int | None = None) -> None:
        """Prepare a server.

        Args:
            source: What to serve; it must stay open until the server is closed.
            read_limit: Bytes that may be read in all, those read repeatedly included; after
                that every read fails.
        """
        self.source = source
        self.data_map = DataMap(0, ())
        self.max_request = _MAX_REQUEST
        self.failure: Exception | None = None
        self._read_limit = read_limit
        self._bytes_served = 0
        self._lock = threading.Lock()
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._folder = Path(tempfile.mkdtemp(prefix=_FOLDER_PREFIX))
        # A lock that dies with the process tells the folder from a crash's left-over.
        self._folder_lock = _open_folder(self._folder)
        fcntl.flock(self._folder_lock, fcntl.LOCK_EX)
        self.path = self._folder / "socket"
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._accepting = context_thread(self._accept)

    def open(self) -> None:
        """Find the source's holes, then start serving.

        Raises:
            OSError: the source or the socket cannot be used.
        """
        self.data_map = DataMap(self.source.size, self.source.data_ranges())
        self._listener.bind(os.fspath(self.path))
        self._listener.listen(_MAX_CONNECTIONS)
        self._accepting.start()

    def begin_read(self, length: int) -> None:
        """Count a read, and refuse it where the limit is reached.

        Raises:
            ImageError: it is.
        """
        with self._lock:
            self._bytes_served += length
            served = self._bytes_served
        if self._read_limit is not None and served > self._read_limit:
            raise MORE_THAN_DECLARED.error(
                f"The image has {self.source.size} bytes, of which its conversion read {served}."
            )

    def fail(self, error: Exception) -> None:
        """Remember why a read was not answered."""
        with self._lock:
            self.failure = self.failure or error

    def close(self) -> None:
        """Stop serving; when it returns, nothing reads from the source any more."""
        if self._accepting.is_alive():
            # Shutting it down wakes the thread that accepts; closing alone would not.
            self._listener.shutdown(socket.SHUT_RDWR)
            self._accepting.join()
        self._listener.close()
        with self._lock:
            connections = dict(self._connections)
        for connection, thread in connections.items():
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            thread.join()
        shutil.rmtree(self._folder)
        os.close(self._folder_lock)

    def __enter__(self) -> Self:
        try:
            self.open()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                full = len(self._connections) >= _MAX_CONNECTIONS
                if not full:
                    thread = context_thread(self._serve, connection)
                    self._connections[connection] = thread
            if full:
                connection.close()
            else:
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(ProtocolError, OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
            session = Handshake(connection, self.source.size, self.max_request).run()
            if session is not None:
                Transmission(connection, session, self).run()
        with self._lock:
            self._connections.pop(connection, None)


def sweep() -> int:
    """Remove the sockets that killed processes of this user left, and count them."""
    removed = 0
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDER_PREFIX}*"):
        with contextlib.suppress(OSError):
            if _is_abandoned(folder):
                shutil.rmtree(folder)
                removed += 1
    return removed


def _is_abandoned(folder: Path) -> bool:
    descriptor = _open_folder(folder)
    try:
        status = os.fstat(descriptor)
        if status.st_uid != os.getuid() or time.time() - status.st_mtime < _LOCKED_AFTER_SECONDS:
            return False
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _open_folder(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
