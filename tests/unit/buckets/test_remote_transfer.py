"""Bytes over signed URLs, from a server that does what the test tells it to."""

import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

import pytest
from structlog.testing import capture_logs

from imageferry.buckets import bandwidth, remote_transfer
from imageferry.buckets.bandwidth import Bandwidth
from imageferry.buckets.interface import (
    ObjectChangedError,
    ObjectNotFoundError,
    UploadNotFoundError,
)
from imageferry.buckets.interruption import Interruption
from imageferry.buckets.remote_client import PATIENT, SignedUrl
from imageferry.buckets.remote_errors import RemoteStoreError
from imageferry.buckets.remote_transfer import Transfer
from imageferry.telemetry.tally import StoreWork, tallied

CONTENT = b"0123456789"
SIGNATURE = "do-not-show"
SILENCE = 0
"""In place of a status: nothing is answered before the test is over."""


@dataclass
class Script:
    """What the server answers, in turn: status, body and headers; and what it was asked."""

    answers: list[tuple[int, bytes, dict[str, str]]] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        script = cast("ScriptedServer", self.server).script
        size = int(self.headers.get("Content-Length", 0))
        script.asked.append((self.path, dict(self.headers), self.rfile.read(size)))
        status, body, headers = script.answers.pop(0)
        if status == SILENCE:
            script.over.wait()
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        if "Content-Length" in headers:
            self.close_connection = True

    def do_PUT(self) -> None:
        self.do_GET()

    def log_message(self, *arguments: object) -> None:
        """Keep quiet."""


class ScriptedServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script = Script()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    monkeypatch.setattr(remote_transfer, "_FIRST_PAUSE_SECONDS", 0.001)
    with ScriptedServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.script.over.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def script(server: ScriptedServer) -> Script:
    return server.script


@pytest.fixture
def transfer() -> Transfer:
    return Transfer()


@pytest.fixture
def signed(server: ScriptedServer) -> SignedUrl:
    return SignedUrl(
        f"http://127.0.0.1:{server.server_port}/key?signature={SIGNATURE}", {"X-Signed": "yes"}
    )


def read(transfer: Transfer, signed: SignedUrl) -> bytes:
    return transfer.read(lambda: signed, 2, 5, "ABC")


def test_a_range_of_one_version_is_asked_for(
    transfer: Transfer, signed: SignedUrl, script: Script
) -> None:
    script.answers = [(206, b"23456", {})]
    assert read(transfer, signed) == b"23456"
    ((path, headers, _),) = script.asked
    assert path == f"/key?signature={SIGNATURE}"
    assert headers["Range"] == "bytes=2-6"
    assert headers["If-Match"] == '"ABC"'
    assert headers["X-Signed"] == "yes"


def test_what_is_asked_of_the_store_is_counted_once_and_told_without_its_signature(
    transfer: Transfer, signed: SignedUrl, script: Script
) -> None:
    script.answers = [(503, b"<Error><Code>SlowDown</Code></Error>", {}), (206, b"23456", {})]

    with tallied() as sums, capture_logs() as lines:
        read(transfer, signed)

    assert sums.read() == StoreWork(requests=1, retries=1, bytes_read=5)
    assert [line["reason"] for line in lines] == ["the remote store refused a read: SlowDown"]
    assert SIGNATURE not in str(lines)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_passes_is_tried_again(
    transfer: Transfer, signed: SignedUrl, script: Script, status: int
) -> None:
    script.answers = [(status, b"", {}), (status, b"x" * 100_000, {}), (206, b"23456", {})]
    assert read(transfer, signed) == b"23456"


def test_an_answer_that_breaks_off_is_asked_for_again(
    transfer: Transfer, signed: SignedUrl, script: Script
) -> None:
    script.answers = [(206, b"23", {"Content-Length": "5"}), (206, b"23456", {})]
    assert read(transfer, signed) == b"23456"


def test_a_store_that_falls_silent_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, signed: SignedUrl, script: Script
) -> None:
    monkeypatch.setattr(remote_transfer, "PATIENT", replace(PATIENT, read_seconds=1))
    script.answers = [(SILENCE, b"", {}), *[(206, b"23456", {})] * (PATIENT.attempts - 1)]
    assert read(Transfer(), signed) == b"23456"
    assert len(script.asked) > 1


def test_a_shorter_range_is_not_taken(
    transfer: Transfer, signed: SignedUrl, script: Script
) -> None:
    script.answers = [(206, b"23", {}), (206, b"23456", {})]
    assert read(transfer, signed) == b"23456"


def test_it_gives_up_at_last(transfer: Transfer, signed: SignedUrl, script: Script) -> None:
    script.answers = [(503, b"<Error><Code>SlowDown</Code></Error>", {})] * PATIENT.attempts
    with pytest.raises(RemoteStoreError, match="SlowDown"):
        read(transfer, signed)
    assert len(script.asked) == PATIENT.attempts


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((412, b""), ObjectChangedError),
        ((416, b"<Code>InvalidRange</Code>"), ObjectChangedError),
        ((404, b""), ObjectNotFoundError),
        ((404, b"<Code>NoSuchKey</Code>"), ObjectNotFoundError),
        ((404, b"<Code>NoSuchUpload</Code>"), UploadNotFoundError),
        ((404, b"<Code>NoSuchBucket</Code>"), RemoteStoreError),
        ((403, b"<Code>SignatureDoesNotMatch</Code>"), RemoteStoreError),
        ((200, CONTENT), RemoteStoreError),
    ],
)
def test_what_lasts_is_said_at_once(
    transfer: Transfer,
    signed: SignedUrl,
    script: Script,
    answer: tuple[int, bytes],
    error: type[Exception],
) -> None:
    script.answers = [(*answer, {})]
    with pytest.raises(error) as caught:
        read(transfer, signed)
    assert type(caught.value) is error
    assert SIGNATURE not in str(caught.value)


def test_a_redirect_is_not_followed(transfer: Transfer, signed: SignedUrl, script: Script) -> None:
    script.answers = [(307, b"", {"Location": signed.url}), (206, b"23456", {})]
    with pytest.raises(RemoteStoreError, match="307"):
        read(transfer, signed)
    assert len(script.asked) == 1


def test_a_store_that_is_not_there_is_told_without_its_url(
    transfer: Transfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_transfer, "_FIRST_PAUSE_SECONDS", 0.001)
    nowhere = SignedUrl(f"http://127.0.0.1:1/key?signature={SIGNATURE}")
    with pytest.raises(RemoteStoreError) as caught:
        read(transfer, nowhere)
    assert SIGNATURE not in repr(caught.value)
    assert SIGNATURE not in repr(nowhere)


@pytest.mark.parametrize("body", [CONTENT, io.BytesIO(CONTENT)], ids=["bytes", "file"])
def test_a_write_that_is_repeated_sends_everything_again(
    transfer: Transfer, signed: SignedUrl, script: Script, body: bytes | io.BytesIO
) -> None:
    script.answers = [(500, b"", {}), (200, b"", {"ETag": '"abc"'})]
    headers = transfer.write(lambda: signed, body, len(CONTENT))
    assert remote_transfer.etag_of(headers) == "abc"
    assert [sent for _, _, sent in script.asked] == [CONTENT, CONTENT]
    assert [asked["Content-Length"] for _, asked, _ in script.asked] == ["10", "10"]
    assert "Transfer-Encoding" not in script.asked[0][1]


def test_requests_wait_for_their_share_of_the_bandwidth(
    transfer: Transfer, signed: SignedUrl, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    limited = Bandwidth(clock=lambda: 0.0)
    limited.limit(10)
    monkeypatch.setattr(bandwidth, "PROCESS", limited)
    monkeypatch.setattr(Interruption, "pause", lambda _, seconds: waits.append(seconds))
    script.answers = [(206, b"23456", {}), (200, b"", {}), (206, b"23456", {})]

    read(transfer, signed)
    transfer.write(lambda: signed, b"x" * 20, 20)
    read(transfer, signed)

    # The first second is free, and 25 bytes take two and a half.
    assert waits == [1.5]
