"""``alibabacloud-oss-v2`` walks a running service, signing and naming buckets in each way."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import alibabacloud_oss_v2 as oss
import pytest
import urllib3

from support.oss_ways import WAYS, Way, buckets_as_hosts
from support.service import REGION, Service

KEY = "a folder/дis k+%&=.qcow2"
MIB = 1 << 20


class Bucket:
    """A bucket and the client that made it.

    Attributes:
        client: The client.
        name: The bucket.
    """

    def __init__(self, client: Any, name: str) -> None:
        self.client = client
        self.name = name

    def put(self, key: str, body: Any, **more: Any) -> Any:
        return self.client.put_object(self.named(oss.PutObjectRequest, key, body=body, **more))

    def get(self, key: str, **more: Any) -> bytes:
        found = self.client.get_object(self.named(oss.GetObjectRequest, key, **more))
        with found.body as body:
            return bytes(body.read())

    def named(self, request: Any, key: str, **more: Any) -> Any:
        """A request about an object."""
        return request(bucket=self.name, key=key, **more)


@pytest.fixture(scope="module")
def http_client() -> Iterator[Any]:
    found = oss.transport.RequestsHttpClient()
    with buckets_as_hosts():
        yield found
    found.close()


@pytest.fixture(scope="module", params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    """How requests are signed, and where they name the bucket."""
    return WAYS[request.param]


@pytest.fixture(scope="module")
def bucket(service: Service, http_client: Any, way: Way) -> Bucket:
    """A bucket, in which every test writes objects of its own."""
    config = oss.config.load_default()
    config.credentials_provider = oss.credentials.StaticCredentialsProvider(
        service.access_key_id, service.access_key_secret
    )
    config.region = REGION
    config.endpoint = way.endpoint(service)
    config.use_path_style = way.path_style
    config.signature_version = way.version
    config.http_client = http_client
    name = f"oss-v2-{way.version}-{'path' if way.path_style else 'host'}"
    client = oss.Client(config)
    client.put_bucket(oss.PutBucketRequest(bucket=name))
    return Bucket(client, name)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file of several parts."""
    path = tmp_path / "source.qcow2"
    path.write_bytes(os.urandom(3 * MIB + 5))
    return path


def cause_of(act: Callable[[], Any]) -> Any:
    """The service's error, which the client wraps in one of its own."""
    with pytest.raises(oss.exceptions.OperationError) as refused:
        act()
    return refused.value.unwrap()


def test_there_and_back_with_checked_sums(bucket: Bucket) -> None:
    data = os.urandom(MIB + 7)
    stored = bucket.put(KEY, data, metadata={"origin": "here"})

    assert bucket.get(KEY) == data
    head = bucket.client.head_object(bucket.named(oss.HeadObjectRequest, KEY))
    assert head.metadata == {"origin": "here"}
    assert (head.hash_crc64, head.etag) == (stored.hash_crc64, stored.etag)
    assert bucket.get(KEY, range_header="bytes=5-9") == data[5:10]
    unmet = cause_of(lambda: bucket.get(KEY, if_match='"OTHER"'))
    assert (unmet.code, unmet.status_code) == ("PreconditionFailed", 412)


def test_what_is_not_there(bucket: Bucket) -> None:
    head = bucket.named(oss.HeadObjectRequest, "none")

    error = cause_of(lambda: bucket.client.head_object(head))

    assert (error.code, error.status_code) == ("NoSuchKey", 404)
    assert error.request_id
    assert not bucket.client.is_object_exist(bucket.name, "none")
    assert not bucket.client.is_bucket_exist("no-such-bucket")


def test_an_object_that_must_not_be_overwritten(bucket: Bucket) -> None:
    bucket.put("once", b"first", forbid_overwrite=True)

    error = cause_of(lambda: bucket.put("once", b"second", forbid_overwrite=True))

    assert (error.code, error.status_code) == ("FileAlreadyExists", 409)
    assert bucket.get("once") == b"first"


def test_a_stream_without_a_length(bucket: Bucket, source: Path) -> None:
    content = source.read_bytes()

    bucket.put("stream", iter([content[:MIB], content[MIB:]]))

    assert bucket.get("stream") == content


def test_a_file_is_read_in_place(bucket: Bucket, source: Path) -> None:
    bucket.put("file", source.read_bytes())

    with bucket.client.open_file(bucket.name, "file") as found:
        found.seek(2 * MIB)
        assert found.read(10) == source.read_bytes()[2 * MIB :][:10]


def test_a_broken_upload_goes_on_where_it_was(bucket: Bucket, source: Path, tmp_path: Path) -> None:
    uploader = bucket.client.uploader(
        part_size=MIB, parallel_num=1, enable_checkpoint=True, checkpoint_dir=str(tmp_path)
    )
    seen: list[int] = []

    def upload(progress: Callable[[int, int, int], None]) -> None:
        request = bucket.named(oss.PutObjectRequest, "resumed", progress_fn=progress)
        uploader.upload_file(request, str(source))

    with pytest.raises(KeyboardInterrupt):
        upload(break_after(2))
    assert not bucket.client.is_object_exist(bucket.name, "resumed")
    upload(lambda size, done, total: seen.append(done))

    assert seen[0] == 3 * MIB
    assert bucket.get("resumed") == source.read_bytes()


def break_after(parts: int) -> Callable[[int, int, int], None]:
    """A progress callback that breaks a transfer off."""

    def progress(size: int, done: int, total: int) -> None:
        if done >= parts * MIB:
            raise KeyboardInterrupt

    return progress


def test_a_broken_download_goes_on_where_it_was(
    bucket: Bucket, source: Path, tmp_path: Path
) -> None:
    bucket.put("whole", source.read_bytes())
    target = tmp_path / "target"
    downloader = bucket.client.downloader(
        part_size=MIB,
        parallel_num=1,
        enable_checkpoint=True,
        checkpoint_dir=str(tmp_path),
        verify_data=True,
    )
    seen: list[int] = []

    def download(progress: Callable[[int, int, int], None]) -> None:
        request = bucket.named(oss.GetObjectRequest, "whole", progress_fn=progress)
        downloader.download_file(request, str(target))

    with pytest.raises(KeyboardInterrupt):
        download(break_after(2))
    download(lambda size, done, total: seen.append(done))

    assert MIB < seen[0] < 2 * MIB  # The part that was whole is not fetched again.
    assert target.read_bytes() == source.read_bytes()


def test_listing_copying_and_deleting(bucket: Bucket) -> None:
    keys = ["list/a", "list/a b+%", "list/c/d", "list/ü"]
    for key in keys:
        bucket.put(key, b"x")

    request = oss.ListObjectsRequest(bucket=bucket.name, prefix="list/")
    pages = bucket.client.list_objects_paginator(limit=2).iter_page(request)
    assert [item.key for page in pages for item in page.contents or []] == keys
    (grouped,) = bucket.client.list_objects_v2_paginator().iter_page(
        oss.ListObjectsV2Request(bucket=bucket.name, prefix="list/", delimiter="/")
    )
    assert [item.prefix for item in grouped.common_prefixes] == ["list/c/"]
    bucket.client.copy_object(bucket.named(oss.CopyObjectRequest, "list/a", source_key="list/ü"))
    doomed = [oss.DeleteObject(key=key) for key in keys]
    deleted = bucket.client.delete_multiple_objects(
        oss.DeleteMultipleObjectsRequest(bucket=bucket.name, objects=doomed)
    )
    assert [item.key for item in deleted.deleted_objects] == keys


def test_presigned_requests(bucket: Bucket) -> None:
    def send(method: str, request: Any, body: bytes | None = None) -> Any:
        expires = datetime.timedelta(seconds=60)
        signed = bucket.client.presign(bucket.named(request, KEY), expires=expires)
        with urllib3.PoolManager() as http:
            return http.request(method, signed.url, body=body, headers=signed.signed_headers)

    assert send("PUT", oss.PutObjectRequest, b"data").status == 200
    assert send("GET", oss.GetObjectRequest).data == b"data"
    assert send("GET", oss.PutObjectRequest).status == 403
