"""What every bucket does with uploads in parts."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from imageferry.buckets.interface import Bucket, InvalidPartError, UploadNotFoundError

PART = 5 << 20
"""The least that S3 takes for a part that is not the last."""


def content(bucket: Bucket, key: str) -> bytes:
    with bucket.open(key) as reader:
        return reader.pread(0, reader.size)


def expected_etag(*parts: bytes) -> str:
    digests = b"".join(hashlib.md5(part).digest() for part in parts)
    return f"{hashlib.md5(digests).hexdigest().upper()}-{len(parts)}"


def test_parts_in_any_order_become_the_object(bucket: Bucket) -> None:
    upload = bucket.start_upload("key", content_type="text/plain", metadata={"a": "1"})
    parts = {7: b"c" * 10, 1: b"a" * PART, 3: b"b" * PART}
    for number, data in parts.items():
        upload.write_part(number, [data[:3], data[3:]])
    info = upload.complete()
    whole = [data for _, data in sorted(parts.items())]
    assert content(bucket, "key") == b"".join(whole)
    assert info == bucket.head("key")
    assert info.etag.upper() == expected_etag(*whole)
    assert (info.content_type, info.metadata) == ("text/plain", {"a": "1"})


def test_upload_is_found_again_and_listed(bucket: Bucket) -> None:
    later = bucket.start_upload("b/é")
    first = bucket.start_upload("a")
    found = bucket.upload(first.id)
    assert (found.id, found.key) == (first.id, "a")
    assert abs(found.started - datetime.now(UTC)) < timedelta(minutes=1)
    assert [(upload.id, upload.key) for upload in bucket.uploads()] == [
        (first.id, "a"),
        (later.id, "b/é"),
    ]
    assert list(bucket.list()) == []


def test_a_part_written_again_is_replaced(bucket: Bucket) -> None:
    upload = bucket.start_upload("key")
    upload.write_part(1, [b"old"])
    new = upload.write_part(1, [b"n", b"ew"])
    assert (1, 3, new.etag) in [(part.number, part.size, part.etag) for part in upload.parts()]
    assert new.etag.upper() == hashlib.md5(b"new").hexdigest().upper()
    upload.complete([(1, new.etag)])
    assert content(bucket, "key") == b"new"


def test_only_the_named_parts_are_used(bucket: Bucket) -> None:
    upload = bucket.start_upload("key")
    parts = [upload.write_part(number, [bytes([96 + number]) * PART]) for number in (1, 2, 3)]
    info = upload.complete([(1, f'"{parts[0].etag.lower()}"'), (3, parts[2].etag)])
    assert content(bucket, "key") == b"a" * PART + b"c" * PART
    assert info.etag.upper() == expected_etag(b"a" * PART, b"c" * PART)


@pytest.mark.parametrize("named", [[], [(2, "0" * 32)], [(1, "0" * 32)], [(1, "")]])
def test_wrong_parts_are_refused_and_the_upload_stays(
    bucket: Bucket, named: list[tuple[int, str]]
) -> None:
    upload = bucket.start_upload("key")
    upload.write_part(1, [b"x"])
    with pytest.raises(InvalidPartError):
        upload.complete(named)
    assert list(bucket.list()) == []
    assert len(bucket.upload(upload.id).parts()) == 1


@pytest.mark.parametrize("number", [0, 10_001, -1])
def test_part_numbers_have_limits(bucket: Bucket, number: int) -> None:
    with pytest.raises(InvalidPartError):
        bucket.start_upload("key").write_part(number, [b""])


def test_abort_leaves_nothing(bucket: Bucket) -> None:
    upload = bucket.start_upload("key")
    upload.write_part(1, [b"x"])
    upload.abort()
    assert bucket.uploads() == []
    assert list(bucket.list()) == []


@pytest.mark.parametrize("end", ["complete", "abort"])
def test_an_ended_upload_is_gone(bucket: Bucket, end: str) -> None:
    upload = bucket.start_upload("key")
    upload.write_part(1, [b"x"])
    upload.complete() if end == "complete" else upload.abort()
    with pytest.raises(UploadNotFoundError):
        upload.complete()
    with pytest.raises(UploadNotFoundError):
        upload.write_part(1, [b"x"])
    with pytest.raises(UploadNotFoundError):
        upload.parts()
    with pytest.raises(UploadNotFoundError):
        bucket.upload(upload.id)


@pytest.mark.parametrize("identifier", ["", "..", "../../x", "0" * 32, "x", "x.x", "x.a2V5", "é.é"])
def test_ids_that_name_no_upload(bucket: Bucket, identifier: str) -> None:
    with pytest.raises(UploadNotFoundError):
        bucket.upload(identifier)


def test_a_part_that_fails_leaves_the_earlier_one(bucket: Bucket) -> None:
    upload = bucket.start_upload("key")
    old = upload.write_part(1, [b"old"])

    def broken() -> Iterator[bytes]:
        yield b"half"
        raise FileNotFoundError("the source is gone")

    with pytest.raises(FileNotFoundError):
        upload.write_part(1, broken())
    assert [part.etag for part in upload.parts()] == [old.etag]


def test_a_part_larger_than_what_is_kept_in_memory(bucket: Bucket) -> None:
    upload = bucket.start_upload("key")
    part = upload.write_part(1, (bytes([number]) * (1 << 20) for number in range(20)))
    upload.complete([(1, part.etag)])
    assert content(bucket, "key") == b"".join(bytes([n]) * (1 << 20) for n in range(20))
