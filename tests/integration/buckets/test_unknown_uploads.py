"""Uploads that a store has begun and whose id nobody has: its answer was lost.

The store is behind a proxy that does what is asked, and then lets the connection break.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from imageferry.buckets.alibaba_oss import AlibabaOssClient
from imageferry.buckets.interface import Bucket, StoreError
from imageferry.buckets.remote_client import Credentials, Patience, RemoteClient
from imageferry.buckets.remote_paths import StorePaths
from imageferry.buckets.remote_store import RemoteStore
from imageferry.buckets.remote_zeros import RemoteZeros
from imageferry.buckets.s3 import S3Client
from integration.oss.service import KEYS, Service
from support import faults
from support.faults import Asked, FaultyStore
from support.seaweedfs import REGION, S3Server

TOKEN = "t-000000000001"
OTHER_TOKEN = "t-000000000002"
PART = bytes(5 << 20)
ATTEMPTS = 2
PATIENCE = Patience(connect_seconds=10, read_seconds=60, attempts=ATTEMPTS)


@pytest.fixture(params=["s3", "oss"])
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of the store."""
    name: str = request.param
    return name


@pytest.fixture
def proxy(kind: str, request: pytest.FixtureRequest) -> Iterator[FaultyStore]:
    if kind == "s3":
        server: S3Server = request.getfixturevalue("seaweedfs")
        target = server.endpoint
    else:
        service: Service = request.getfixturevalue("oss_service")
        target = service.endpoint
    with faults.faulty_store(target) as store:
        yield store


@pytest.fixture
def client(kind: str, proxy: FaultyStore, request: pytest.FixtureRequest) -> RemoteClient:
    if kind == "oss":
        return AlibabaOssClient(
            "remote",
            Credentials("mine", KEYS["mine"].secret),
            region="cn-hangzhou",
            endpoint=proxy.url,
            path_style=True,
            patience=PATIENCE,
        )
    server: S3Server = request.getfixturevalue("seaweedfs")
    return S3Client(
        server.make_bucket(),
        Credentials(server.access_key_id, server.access_key_secret),
        region=REGION,
        endpoint=proxy.url,
        path_style=True,
        patience=PATIENCE,
    )


@pytest.fixture
def prefix() -> str:
    """What the keys of the test's store begin with."""
    return f"{secrets.token_hex(8)}/"


@pytest.fixture
def bucket(client: RemoteClient, prefix: str) -> Bucket:
    store = RemoteStore(client, prefix)
    return store.create_bucket("images", region="cn-hangzhou", owner="1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "draft"


def begins_upload(asked: Asked) -> bool:
    return asked.begins_upload


def test_an_upload_that_was_begun_twice_is_left_once(
    bucket: Bucket, proxy: FaultyStore, path: Path
) -> None:
    proxy.inject(faults.lost, begins_upload, times=1)

    draft = bucket.draft("key", path, token=TOKEN)

    assert proxy.failed == 1
    assert len(bucket.uploads()) == 1
    draft.write(0, b"data")
    draft.finish(4).publish({})
    bucket.leavings(TOKEN).discard()
    assert (bucket.uploads(), bucket.staged()) == ([], set())
    assert bucket.head("key").size == 4


def test_an_upload_is_ended_though_every_answer_to_its_beginning_was_lost(
    bucket: Bucket, proxy: FaultyStore, path: Path
) -> None:
    proxy.inject(faults.lost, begins_upload, times=ATTEMPTS)
    with pytest.raises(StoreError):
        bucket.draft("key", path, token=TOKEN)
    assert len(bucket.uploads()) == ATTEMPTS
    assert bucket.staged() == {TOKEN}

    bucket.leavings(TOKEN).discard()

    assert (bucket.uploads(), bucket.staged()) == ([], set())


def test_an_upload_is_ended_though_it_could_not_be_recorded(
    bucket: Bucket, proxy: FaultyStore, path: Path
) -> None:
    proxy.inject(faults.reset, lambda asked: asked.path.partition("?")[0].endswith(".json"))
    with pytest.raises(StoreError):
        bucket.draft("key", path, token=TOKEN)
    proxy.heal()
    assert len(bucket.uploads()) == 1

    bucket.leavings(TOKEN).discard()

    assert (bucket.uploads(), bucket.staged()) == ([], set())


def test_no_upload_of_another_is_ended(bucket: Bucket, proxy: FaultyStore, path: Path) -> None:
    with_part = bucket.start_upload("key")
    with_part.write_part(1, [PART])
    of_task = bucket.draft("key", path.with_name("other"), token=OTHER_TOKEN)
    of_other_key = bucket.start_upload("key of another")
    proxy.inject(faults.lost, begins_upload, times=ATTEMPTS)
    with pytest.raises(StoreError):
        bucket.draft("key", path, token=TOKEN)
    proxy.heal()

    bucket.leavings(TOKEN).discard()

    of_task.leave()
    assert {upload.key for upload in bucket.uploads()} == {"key", of_other_key.key}
    assert bucket.staged() == {OTHER_TOKEN}
    with_part.complete()
    bucket.leavings(OTHER_TOKEN).discard()
    of_other_key.abort()
    assert bucket.uploads() == []


def test_what_may_be_of_another_task_is_left_until_that_has_ended(
    bucket: Bucket, proxy: FaultyStore, path: Path
) -> None:
    proxy.inject(faults.lost, begins_upload, times=2 * ATTEMPTS)
    for token in (TOKEN, OTHER_TOKEN):
        with pytest.raises(StoreError):
            bucket.draft("key", path, token=token)

    bucket.leavings(TOKEN).discard()
    assert len(bucket.uploads()) >= ATTEMPTS

    bucket.leavings(OTHER_TOKEN).discard()
    assert (bucket.uploads(), bucket.staged()) == ([], set())


@pytest.mark.parametrize("times", [1, ATTEMPTS])
def test_uploads_of_zeros_are_ended_too(
    bucket: Bucket, client: RemoteClient, prefix: str, proxy: FaultyStore, times: int
) -> None:
    folder = f"{StorePaths(prefix).bucket('images').staged}{TOKEN}/upload/"
    proxy.inject(faults.lost, begins_upload, times=times)

    with nullcontext() if times < ATTEMPTS else pytest.raises(StoreError):
        RemoteZeros(client, folder).key_of(32 << 20)

    bucket.leavings(TOKEN).discard()
    assert proxy.failed == times
    assert (list(client.uploads(prefix)), list(client.list(folder, ""))) == ([], [])
