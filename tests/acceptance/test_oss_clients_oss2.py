"""``oss2`` walks a running service, with both signatures and both ways to name a bucket."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import oss2
import pytest
import urllib3

from support.oss_ways import WAYS, Way, buckets_as_hosts
from support.service import REGION, Service

KEY = "a folder/дis k+%&=.qcow2"
MIB = 1 << 20

# oss2 leaves the connection of a refused request to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    found = oss2.Session()
    with buckets_as_hosts():
        yield found
    found.session.close()


@pytest.fixture(scope="module", params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    """How requests are signed, and where they name the bucket."""
    return WAYS[request.param]


@pytest.fixture(scope="module")
def bucket(service: Service, session: Any, way: Way) -> Any:
    """A bucket, in which every test writes objects of its own."""
    signer = oss2.make_auth(service.access_key_id, service.access_key_secret, way.version)
    name = f"oss2-{way.version}-{'path' if way.path_style else 'host'}"
    found = oss2.Bucket(
        signer, way.endpoint(service), name, session=session, region=REGION, enable_crc=True
    )
    found.create_bucket()
    return found


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file of several parts."""
    path = tmp_path / "source.qcow2"
    path.write_bytes(os.urandom(3 * MIB + 5))
    return path


def break_after(parts: int) -> Callable[[int, int], None]:
    """A progress callback that breaks a transfer off."""

    def progress(done: int, total: int) -> None:
        if done >= parts * MIB:
            raise KeyboardInterrupt

    return progress


def test_there_and_back_with_checked_sums(bucket: Any) -> None:
    data = os.urandom(MIB + 7)
    stored = bucket.put_object(KEY, data, headers={"x-oss-meta-origin": "here"})

    found = bucket.get_object(KEY)
    assert found.read() == data
    assert found.client_crc == found.server_crc == stored.crc
    assert bucket.head_object(KEY).headers["x-oss-meta-origin"] == "here"
    assert bucket.get_object(KEY, byte_range=(5, 9)).read() == data[5:10]
    with pytest.raises(oss2.exceptions.NotModified):
        bucket.get_object(KEY, headers={"If-None-Match": stored.headers["ETag"]})
    with pytest.raises(oss2.exceptions.NotFound) as refused:
        bucket.head_object("none")
    assert (refused.value.code, refused.value.status) == ("NoSuchKey", 404)
    assert refused.value.request_id


def test_a_stream_without_a_length(bucket: Any, source: Path) -> None:
    chunks = iter([source.read_bytes()[:MIB], source.read_bytes()[MIB:]])

    stored = bucket.put_object("stream", chunks)

    found = bucket.get_object("stream")
    assert found.read() == source.read_bytes()
    assert found.client_crc == found.server_crc == stored.crc


def test_a_broken_upload_goes_on_where_it_was(bucket: Any, source: Path, tmp_path: Path) -> None:
    store = oss2.ResumableStore(root=str(tmp_path))
    seen: list[int] = []

    def upload(progress: Callable[[int, int], None]) -> None:
        oss2.resumable_upload(
            bucket,
            "resumed",
            str(source),
            store=store,
            multipart_threshold=MIB,
            part_size=MIB,
            num_threads=1,
            progress_callback=progress,
        )

    with pytest.raises(KeyboardInterrupt):
        upload(break_after(2))
    assert not bucket.object_exists("resumed")
    upload(lambda done, total: seen.append(done))

    assert seen[0] == 2 * MIB
    assert bucket.get_object("resumed").read() == source.read_bytes()


def test_a_broken_download_goes_on_where_it_was(bucket: Any, source: Path, tmp_path: Path) -> None:
    bucket.put_object_from_file("whole", str(source))
    store = oss2.ResumableDownloadStore(root=str(tmp_path))
    target = tmp_path / "target"
    seen: list[int] = []

    def download(progress: Callable[[int, int], None]) -> None:
        oss2.resumable_download(
            bucket,
            "whole",
            str(target),
            multiget_threshold=MIB,
            part_size=MIB,
            num_threads=1,
            store=store,
            progress_callback=progress,
        )

    with pytest.raises(KeyboardInterrupt):
        download(break_after(2))
    download(lambda done, total: seen.append(done))

    assert seen[0] == 2 * MIB
    assert target.read_bytes() == source.read_bytes()


def test_listing_copying_and_deleting(bucket: Any) -> None:
    keys = ["list/a", "list/a b+%", "list/c/d", "list/ü"]
    for key in keys:
        bucket.put_object(key, b"x")

    assert [item.key for item in oss2.ObjectIterator(bucket, prefix="list/", max_keys=2)] == keys
    grouped = oss2.ObjectIteratorV2(bucket, prefix="list/", delimiter="/")
    assert [item.key for item in grouped] == ["list/a", "list/a b+%", "list/c/", "list/ü"]
    bucket.copy_object(bucket.bucket_name, "list/ü", "list/a")
    assert bucket.batch_delete_objects(keys).deleted_keys == keys
    assert list(oss2.ObjectIterator(bucket, prefix="list/")) == []


def test_presigned_requests(bucket: Any, service: Service, way: Way) -> None:
    put, get = (bucket.sign_url(method, KEY, 60, slash_safe=True) for method in ("PUT", "GET"))

    assert send("PUT", put, b"data").status == 200
    got = send("GET", get)
    assert (got.status, got.data) == (200, b"data")
    assert send("GET", put).status == 403


def send(method: str, url: str, body: bytes | None = None) -> Any:
    with urllib3.PoolManager() as http:
        return http.request(method, url, body=body)
