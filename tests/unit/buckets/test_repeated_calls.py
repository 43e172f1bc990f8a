"""Small calls that the libraries of the stores make again are told to operators."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from structlog.testing import capture_logs

from imageferry.buckets.alibaba_oss import AlibabaOssClient
from imageferry.buckets.interface import StoreError
from imageferry.buckets.remote_client import Credentials, Patience, RemoteClient
from imageferry.buckets.s3 import S3Client
from support import faults
from support.faults import FaultyStore
from support.measured import value

PATIENCE = Patience(connect_seconds=60, read_seconds=60, attempts=3)
CALLS: dict[str, Callable[[RemoteClient], object]] = {
    "HeadObject": lambda client: client.head("key"),
    "ListObjectsV2": lambda client: list(client.list("", "")),
    "ListParts": lambda client: client.parts("key", "upload"),
    "PutObject": lambda client: client.create("key", b"data"),
}


@pytest.fixture(scope="module")
def store() -> Iterator[FaultyStore]:
    """A store that is always overloaded."""
    with faults.faulty_store("http://127.0.0.1:1") as overloaded:
        overloaded.inject(faults.unavailable, lambda _: True)
        yield overloaded


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)


@pytest.mark.parametrize("make", [S3Client, AlibabaOssClient])
@pytest.mark.parametrize("operation", CALLS)
def test_a_call_that_is_made_again_is_counted_and_told(
    store: FaultyStore, make: type[S3Client] | type[AlibabaOssClient], operation: str
) -> None:
    client = make(
        "bucket", Credentials("id", "secret"), region="r", endpoint=store.url, patience=PATIENCE
    )
    before = value("imageferry_store_retries_total", operation=operation)

    with capture_logs() as lines, pytest.raises(StoreError):
        CALLS[operation](client)

    repeated = PATIENCE.attempts - 1
    assert value("imageferry_store_retries_total", operation=operation) == before + repeated
    told = [line for line in lines if line["event"] == "store_request_repeated"]
    assert [line["operation"] for line in told] == [operation] * repeated
    assert all(line["reason"] for line in told)
