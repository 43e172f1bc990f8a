"""What every bucket does with objects."""

import dataclasses
import hashlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from imageferry.buckets.crc64 import Crc64
from imageferry.buckets.interface import (
    Bucket,
    BucketNotFoundError,
    InvalidObjectNameError,
    ObjectChangedError,
    ObjectInfo,
    ObjectNotFoundError,
    Store,
)

LARGE = bytes(range(256)) * (40 << 12)
"""Forty MiB: parts for all threads, and a shorter one."""


def content(bucket: Bucket, key: str) -> bytes:
    with bucket.open(key) as reader:
        return reader.pread(0, reader.size)


def crc64(data: bytes) -> int:
    digest = Crc64()
    digest.update(data)
    return digest.value


def same_object(one: ObjectInfo, other: ObjectInfo) -> bool:
    """Whether both tell of one object; a store may forget the CRC, and tell whole seconds."""
    near = abs(one.modified - other.modified) < timedelta(seconds=5)
    crcs = {one.crc64, other.crc64} - {None}
    alike = dataclasses.replace(one, modified=other.modified, crc64=other.crc64) == other
    return near and alike and len(crcs) <= 1


def test_put_keeps_bytes_and_what_is_known_of_them(bucket: Bucket) -> None:
    stored = bucket.put(
        "a/disk.raw",
        [b"he", b"", b"llo"],
        content_type="text/plain",
        metadata={"origin": "été", "share": "100%25 + more"},
    )
    assert content(bucket, "a/disk.raw") == b"hello"
    assert same_object(bucket.head("a/disk.raw"), stored)
    assert stored.etag.upper() == hashlib.md5(b"hello").hexdigest().upper()
    assert stored.crc64 == crc64(b"hello")
    assert (stored.size, stored.content_type) == (5, "text/plain")
    assert stored.metadata == {"origin": "été", "share": "100%25 + more"}
    assert stored.modified.utcoffset() == timedelta(0)


def test_an_object_may_be_empty(bucket: Bucket) -> None:
    assert bucket.put("empty", []).size == 0
    with bucket.open("empty") as reader:
        assert reader.pread(0, 10) == b""
        assert list(reader.data_ranges()) == []


def test_put_replaces_content_and_description(bucket: Bucket) -> None:
    bucket.put("key", [b"old"], metadata={"a": "1"})
    new = bucket.put("key", [b"newer"])
    assert content(bucket, "key") == b"newer"
    assert same_object(bucket.head("key"), new)
    assert new.metadata == {}


def test_a_large_object_is_whole(bucket: Bucket) -> None:
    rest = memoryview(LARGE)
    chunks = (bytes(rest[start : start + 777_777]) for start in range(0, len(rest), 777_777))
    stored = bucket.put("large", chunks, content_type="text/plain", metadata={"a": "1"})
    assert same_object(bucket.head("large"), stored)
    assert (stored.size, stored.metadata) == (len(LARGE), {"a": "1"})
    assert content(bucket, "large") == LARGE
    assert bucket.uploads() == []


@pytest.mark.parametrize("before", [b"half", LARGE], ids=["small", "large"])
def test_a_put_that_fails_changes_nothing(bucket: Bucket, before: bytes) -> None:
    old = bucket.put("key", [b"old"])

    def broken() -> Iterator[bytes]:
        yield before
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        bucket.put("key", broken())
    assert same_object(bucket.head("key"), old)
    assert bucket.uploads() == []


@pytest.mark.parametrize("key", ["", "/x", "\\x", "a\0b", "x" * 1024])
def test_keys_against_the_rules_are_refused(bucket: Bucket, key: str) -> None:
    with pytest.raises(InvalidObjectNameError):
        bucket.put(key, [b"x"])
    with pytest.raises(InvalidObjectNameError):
        bucket.head(key)


@pytest.mark.parametrize(
    "key",
    [
        "a b+c",
        "%2e%2e",
        "é/ü",
        "?a=b&c",
        "#x",
        ".imageferry",
        "a/b/c",
        "x" * 200,
        "a..b",
        "'",
        "\t\x7f",
    ],
)
def test_unusual_keys(bucket: Bucket, key: str) -> None:
    bucket.put(key, [b"x"])
    assert [item.key for item in bucket.list()] == [key]
    assert content(bucket, key) == b"x"
    upload = bucket.start_upload(key)
    assert [found.key for found in bucket.uploads()] == [key]
    upload.abort()
    bucket.delete(key)
    assert list(bucket.list()) == []


def test_lists_by_key(bucket: Bucket) -> None:
    for key in ("b", "a1", "a3", "a2", "é"):
        bucket.put(key, [key.encode()])
    assert [item.key for item in bucket.list()] == ["a1", "a2", "a3", "b", "é"]
    assert [item.key for item in bucket.list("a", "a1")] == ["a2", "a3"]
    assert [item.key for item in bucket.list(after="a3")] == ["b", "é"]
    found = next(iter(bucket.list("a2")))
    assert (found.size, found.etag) == (2, bucket.head("a2").etag)
    assert abs(found.modified - datetime.now(UTC)) < timedelta(minutes=1)


def test_lists_more_than_a_page(bucket: Bucket) -> None:
    keys = [f"key-{number:03}" for number in range(130)]
    for key in keys:
        bucket.put(key, [b"x"])
    assert [item.key for item in bucket.list()] == keys
    assert [item.key for item in bucket.list("key-", "key-009")] == keys[10:]


def test_a_reader_gives_one_version_or_nothing(bucket: Bucket) -> None:
    old = bucket.put("key", [b"old version"])
    with bucket.open("key", if_match=f'"{old.etag}"') as reader:
        assert reader.pread(4, 100) == b"version"
        assert same_object(reader.info, old)
        assert reader.pread(11, 5) == b""
        bucket.put("key", [b"new"])
        try:
            assert reader.pread(0, 3) == b"old"
        except ObjectChangedError:
            assert reader.fileno() is None


def test_ranges(bucket: Bucket) -> None:
    bucket.put("large", [LARGE])
    with bucket.open("large") as reader:
        for offset, length in ((0, 1), (12_345_678, 4 << 20), (len(LARGE) - 7, 100)):
            assert reader.pread(offset, length) == LARGE[offset : offset + length]
        assert sum(length for _, length in reader.data_ranges()) == len(LARGE)


def test_if_match_refuses_another_version(bucket: Bucket) -> None:
    old = bucket.put("key", [b"old"])
    bucket.put("key", [b"new"])
    with pytest.raises(ObjectChangedError):
        bucket.open("key", if_match=old.etag)


def test_what_is_not_there(bucket: Bucket, store: Store) -> None:
    with pytest.raises(ObjectNotFoundError):
        bucket.head("none")
    with pytest.raises(ObjectNotFoundError):
        bucket.open("none")
    bucket.delete("none")
    store.delete_bucket("images")
    with pytest.raises(BucketNotFoundError):
        bucket.head("none")
    with pytest.raises(BucketNotFoundError):
        list(bucket.list())


def test_writers_at_the_same_time_end_with_one_whole_object(bucket: Bucket) -> None:
    bodies = [bytes([letter]) * 100_000 for letter in b"abcdef"]
    start = threading.Barrier(len(bodies))

    def write(body: bytes) -> None:
        start.wait()
        bucket.put("key", (body[i : i + 10_000] for i in range(0, len(body), 10_000)))

    threads = [threading.Thread(target=write, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    final = content(bucket, "key")
    assert final in bodies
    assert bucket.head("key").etag.upper() == hashlib.md5(final).hexdigest().upper()
