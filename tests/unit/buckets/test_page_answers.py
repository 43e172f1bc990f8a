"""A page that answers in a store's place is not taken for success, as by a network with a login."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from imageferry.buckets.alibaba_oss import AlibabaOssClient
from imageferry.buckets.interface import ObjectInfo
from imageferry.buckets.remote_client import Credentials, RemoteClient
from imageferry.buckets.remote_errors import RemoteStoreError, refuse_page
from imageferry.buckets.s3 import S3Client
from support import faults
from support.faults import FaultyStore

OBJECT = ObjectInfo("key", 5, "etag", datetime(2026, 11, 22, tzinfo=UTC))
CALLS: dict[str, Callable[[RemoteClient], object]] = {
    "head": lambda client: client.head("key"),
    "list": lambda client: list(client.list("", "")),
    "read": lambda client: client.read("key"),
    "create": lambda client: client.create("key", b"data"),
    "delete": lambda client: client.delete("key"),
    "start": lambda client: client.start_upload("key", content_type="text/plain", metadata={}),
    "parts": lambda client: client.parts("key", "upload"),
    "copy": lambda client: client.copy_part("key", "upload", 1, "source", 5),
    "describe": lambda client: client.replace_metadata(OBJECT),
    "complete": lambda client: client.complete_upload("key", "upload", [(1, "e")], overwrite=True),
    "abort": lambda client: client.abort_upload("key", "upload"),
    "uploads": lambda client: list(client.uploads("")),
}


@pytest.fixture(scope="module")
def network() -> Iterator[FaultyStore]:
    """A network that answers everything with a page; no store is behind it."""
    with faults.faulty_store("http://127.0.0.1:1") as store:
        store.inject(faults.page, lambda _: True)
        yield store


@pytest.mark.parametrize("make", [S3Client, AlibabaOssClient])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_no_call_takes_a_page_for_success(
    network: FaultyStore,
    make: type[S3Client] | type[AlibabaOssClient],
    call: Callable[[RemoteClient], object],
) -> None:
    client = make("bucket", Credentials("id", "secret"), region="r", endpoint=network.url)
    with pytest.raises(RemoteStoreError, match="HTTP status 200"):
        call(client)


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (200, {"Content-Type": "text/html", "ETag": '"an object"'}),
        (200, {"Content-Type": "application/xml"}),
        (204, {}),
        (503, {"Content-Type": "text/html"}),
    ],
)
def test_what_a_store_answers_is_taken(status: int, headers: dict[str, str]) -> None:
    refuse_page(status, headers, "a request")
