"""A store that takes connections and never answers."""

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from imageferry.buckets.alibaba_oss import AlibabaOssClient
from imageferry.buckets.open import open_buckets
from imageferry.buckets.remote_client import PROMPT, Credentials, Patience, RemoteClient
from imageferry.buckets.remote_errors import RemoteStoreError
from imageferry.buckets.s3 import S3Client
from imageferry.settings import Settings

CLIENT_SECONDS = 10
"""After this, the official SDKs give a request up."""

CREDENTIALS = Credentials("id", "secret")
CALLS: list[Callable[[RemoteClient], object]] = [
    lambda client: client.head("key"),
    lambda client: client.read("key"),
    lambda client: client.start_upload("key", content_type="text/plain", metadata={}),
    lambda client: list(client.list("", "")),
]


@pytest.fixture
def silent() -> Iterator[str]:
    """The URL of a server that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("make", [S3Client, AlibabaOssClient])
@pytest.mark.parametrize("call", CALLS)
def test_a_small_call_ends_soon(
    silent: str,
    make: type[S3Client] | type[AlibabaOssClient],
    call: Callable[[RemoteClient], object],
) -> None:
    patience = Patience(connect_seconds=0.05, read_seconds=0.05, attempts=2)
    client = make("b", CREDENTIALS, region="r", endpoint=silent, path_style=True, patience=patience)
    with pytest.raises(RemoteStoreError, match="did not answer"):
        call(client)


@pytest.mark.parametrize("scheme", ["s3", "oss"])
def test_a_client_is_answered_before_it_gives_up(silent: str, tmp_path: Path, scheme: str) -> None:
    settings = Settings(
        data_dir=tmp_path,
        buckets_url=f"{scheme}://b?region=r&endpoint={silent}&path_style=true",
        s3_access_key_id="id",
        s3_access_key_secret="secret",
        alibaba_oss_access_key_id="id",
        alibaba_oss_access_key_secret="secret",
    )
    store = open_buckets(settings, PROMPT)
    begun = time.monotonic()
    with pytest.raises(RemoteStoreError, match="did not answer"):
        store.bucket("images")
    assert time.monotonic() - begun < CLIENT_SECONDS
