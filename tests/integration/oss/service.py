from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlencode

import uvicorn

from imageferry.accounts.failed_calls import FailedCall
from imageferry.buckets.folder import FolderStore
from imageferry.oss import signature_v1
from imageferry.oss.application import create_app
from imageferry.oss.request import OssRequest

REGIONS = ("cn-hangzhou", "cn-beijing")


@dataclass(frozen=True)
class Key:
    secret: str
    account_id: str
    active: bool = True
    security_token: str | None = None
    expires: datetime | None = None


KEYS = {
    "mine": Key("my secret", "100"),
    "theirs": Key("their secret", "200"),
    "temporary": Key("temporary secret", "100", security_token="tok/en+=="),
    "expired": Key(
        "expired secret", "100", security_token="old", expires=datetime(2026, 1, 1, tzinfo=UTC)
    ),
}


@dataclass(frozen=True)
class Service:
    """A started OSS service: its address, the store behind it, and what it has refused."""

    endpoint: str
    port: int
    store: FolderStore
    root: Path
    refused: Sequence[FailedCall]


@contextmanager
def running_service(root: Path) -> Iterator[Service]:
    """Start a service on a free port, and stop it at the end."""
    store = FolderStore(root)
    refused: list[FailedCall] = []
    app = create_app(
        store,
        KEYS.get,
        REGIONS,
        lambda: datetime.now(UTC),
        note_failure=refused.append,
        idle_seconds=2,
    )
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        config = uvicorn.Config(app, log_level="warning", loop="uvloop", http="h11")
        server = uvicorn.Server(config)
        started = threading.Event()
        startup = server.startup

        async def announced(sockets: list[socket.socket] | None = None) -> None:
            await startup(sockets)
            started.set()

        server.startup = announced  # type: ignore[method-assign]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        assert started.wait(20)
        yield Service(f"http://127.0.0.1:{port}", port, store, root, refused)
        server.should_exit = True
        thread.join()


def presigned(
    service: Service,
    method: str,
    bucket: str,
    key: str,
    *,
    parameters: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> str:
    """A URL for what the SDKs would not send, signed with version 1."""
    expires = str(int(datetime.now(UTC).timestamp()) + 60)
    signed = list((parameters or {}).items())
    lower = {name.lower(): value for name, value in (headers or {}).items()}
    request = OssRequest(method, "", "", signed, lower, bucket, key)
    text = signature_v1.string_to_sign(request, expires)
    signature = signature_v1.sign(KEYS["mine"].secret, text)
    proof = [("OSSAccessKeyId", "mine"), ("Expires", expires), ("Signature", signature)]
    return f"{service.endpoint}/{bucket}/{quote(key, safe='')}?{urlencode([*signed, *proof])}"
