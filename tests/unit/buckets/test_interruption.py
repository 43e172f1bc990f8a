"""Requests that nobody waits for any more, at a server that never answers them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from imageferry.buckets import bandwidth, remote_transfer
from imageferry.buckets.bandwidth import Bandwidth
from imageferry.buckets.folder import FolderStore
from imageferry.buckets.interruption import InterruptedRequestError, Interruption
from imageferry.buckets.mapped import MappedStore
from imageferry.buckets.remote_client import SignedUrl
from imageferry.buckets.remote_transfer import Transfer

SECONDS = 60
ANSWERS = {
    "nothing": b"",
    "headers": b"HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n\r\n",
    "half a body": b"HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n\r\nab",
}


class SilentServer:
    """Takes requests, answers the same few bytes to each, and then nothing.

    Attributes:
        asked: Is set when a request has come.
        connections: How many have been made.
    """

    def __init__(self, answer: bytes) -> None:
        self.asked = threading.Event()
        self.connections = 0
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._accepted: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        self.url = SignedUrl(f"http://127.0.0.1:{self._listener.getsockname()[1]}/key")

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._accepted.append(connection)
            connection.recv(1 << 16)
            connection.sendall(self._answer)
            self.asked.set()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        for connection in [self._listener, *self._accepted]:
            connection.close()


@pytest.fixture(params=ANSWERS)
def server(request: pytest.FixtureRequest) -> Iterator[SilentServer]:
    server = SilentServer(ANSWERS[request.param])
    yield server
    server.close()


class Asking:
    """Something that a thread asks of a store, and what came of it."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.error: BaseException | None = None
        self._work = work
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._work()
        except Exception as error:  # noqa: BLE001 - looked at by the test
            self.error = error

    def ends(self) -> bool:
        """Whether it ends within the time that a silent store is waited for."""
        self._thread.join(SECONDS / 2)
        return not self._thread.is_alive()


def test_a_read_that_waits_for_a_silent_store_ends_when_it_is_told_to(
    server: SilentServer,
) -> None:
    interruption = Interruption()
    transfer = Transfer().until(interruption)
    asking = Asking(lambda: transfer.read(lambda: server.url, 0, 5, "etag"))
    assert server.asked.wait(SECONDS)

    interruption.set()

    assert asking.ends()
    assert isinstance(asking.error, InterruptedRequestError)
    assert server.connections == 1


@pytest.mark.parametrize("server", ["nothing"], indirect=True)
def test_a_write_that_waits_for_a_silent_store_ends_when_it_is_told_to(
    server: SilentServer,
) -> None:
    interruption = Interruption()
    transfer = Transfer().until(interruption)
    body = bytes(64 << 20)
    asking = Asking(lambda: transfer.write(lambda: server.url, body, len(body)))
    assert server.asked.wait(SECONDS)

    interruption.set()

    assert asking.ends()
    assert isinstance(asking.error, InterruptedRequestError)


@pytest.mark.parametrize("server", ["nothing"], indirect=True)
def test_others_over_the_same_connections_are_not_interrupted(server: SilentServer) -> None:
    mine, theirs, shared = Interruption(), Interruption(), Transfer()

    def asked(interruption: Interruption) -> Asking:
        transfer = shared.until(interruption)
        return Asking(lambda: transfer.read(lambda: server.url, 0, 5, "etag"))

    others, own = asked(theirs), asked(mine)
    mine.set()

    assert own.ends()
    assert others.error is None
    theirs.set()
    assert others.ends()


def test_a_pause_between_attempts_ends_when_it_is_told_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(remote_transfer, "_FIRST_PAUSE_SECONDS", 3600)
    interruption = Interruption()
    transfer = Transfer().until(interruption)
    nowhere = SignedUrl("http://127.0.0.1:1/key")
    asked = threading.Event()

    def sign() -> SignedUrl:
        asked.set()
        return nowhere

    asking = Asking(lambda: transfer.read(sign, 0, 5, "etag"))
    assert asked.wait(SECONDS)

    interruption.set()

    assert asking.ends()
    assert isinstance(asking.error, InterruptedRequestError)


def test_nothing_begins_once_it_is_set() -> None:
    interruption = Interruption()
    interruption.set()

    with pytest.raises(InterruptedRequestError):
        Transfer().until(interruption).read(lambda: SignedUrl("http://127.0.0.1:1/"), 0, 5, "etag")


def test_of_several_stores_each_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = Bandwidth()
    full.limit(1)
    full.wait_for(1000)
    interruption = Interruption()
    folder = FolderStore(tmp_path)
    store = MappedStore([("a*", folder)], folder).until(interruption)
    objects = [store.create_bucket(name, region="r", owner="1") for name in ("abc", "xyz")]
    for bucket in objects:
        bucket.put("key", [b"data"])
    monkeypatch.setattr(bandwidth, "PROCESS", full)

    interruption.set()

    for bucket in objects:
        with bucket.open("key") as reader, pytest.raises(InterruptedRequestError):
            reader.pread(0, 4)
