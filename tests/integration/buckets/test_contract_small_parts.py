"""What every bucket does with parts that S3 takes for too small, and OSS does not."""

import random
from datetime import timedelta

import pytest

from imageferry.buckets.interface import (
    Bucket,
    InvalidPartError,
    ObjectExistsError,
    PartTooSmallError,
)
from imageferry.buckets.remote_bucket import RemoteBucket
from imageferry.buckets.remote_store import RemoteStore
from imageferry.buckets.s3 import S3Client

MIB = 1 << 20
LEAST_OF_OSS = 100 << 10
LEAST_OF_S3 = S3Client.least_part
DATA = random.Random(4).randbytes(20 * MIB)


def content(bucket: Bucket, key: str) -> bytes:
    with bucket.open(key) as reader:
        return reader.pread(0, reader.size)


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def completed(bucket: Bucket, parts: list[bytes], least_part: int = 0) -> bytes:
    """The object that is made of parts, which are written in another order."""
    upload = bucket.start_upload("key", content_type="text/plain", metadata={"a": "1"})
    numbered = list(enumerate(parts, 1))
    etags = {number: upload.write_part(number, [data]).etag for number, data in numbered[::-1]}
    info = upload.complete(sorted(etags.items()), least_part=least_part)
    assert (info.content_type, info.metadata) == ("text/plain", {"a": "1"})
    assert info.size == sum(map(len, parts))
    assert bucket.uploads() == []
    return content(bucket, "key")


@pytest.mark.parametrize("size", [MIB, 1000 << 10, 7 * MIB], ids=["1 MiB", "1000 KiB", "7 MiB"])
def test_parts_of_the_sizes_that_clients_send(bucket: Bucket, size: int) -> None:
    assert completed(bucket, cut(DATA, size), LEAST_OF_OSS) == DATA


@pytest.mark.parametrize(
    "sizes",
    [[5, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 5, 5], [6, 1], [5, 2, 2, 2, 6, 1, 4, 1], [0], [1, 0]],
    ids=str,
)
def test_small_and_large_parts_together(bucket: Bucket, sizes: list[int]) -> None:
    ends = [sum(sizes[: number + 1]) for number in range(len(sizes))]
    parts = [DATA[(end - size) * MIB : end * MIB] for end, size in zip(ends, sizes, strict=True)]
    assert completed(bucket, parts) == b"".join(parts)


def test_every_part_is_listed_with_what_it_was_answered(bucket: Bucket) -> None:
    upload = bucket.start_upload("key")
    answered = [upload.write_part(2, [DATA[: 6 * MIB]]), upload.write_part(1, [b"small"])]
    found = bucket.upload(upload.id).parts()
    assert [(part.number, part.size) for part in found] == [(1, 5), (2, 6 * MIB)]
    assert {part.etag for part in found} == {part.etag for part in answered}
    upload.abort()


@pytest.mark.parametrize("sizes", [(1, 6), (6, 1)], ids=["then large", "then small"])
def test_a_part_is_replaced_by_one_of_another_size(bucket: Bucket, sizes: tuple[int, int]) -> None:
    upload = bucket.start_upload("key")
    for size in sizes:
        last = upload.write_part(1, [DATA[: size * MIB]])
    assert [(part.number, part.etag) for part in upload.parts()] == [(1, last.etag)]
    upload.complete()
    assert content(bucket, "key") == DATA[: sizes[1] * MIB]


def test_parts_below_the_least_are_refused_and_stay(bucket: Bucket) -> None:
    upload = bucket.start_upload("key")
    for number, size in enumerate((LEAST_OF_OSS, LEAST_OF_OSS - 1, 1), 1):
        upload.write_part(number, [bytes(size)])
    with pytest.raises(PartTooSmallError) as refused:
        upload.complete(least_part=LEAST_OF_OSS)
    assert (refused.value.number, refused.value.size) == (2, LEAST_OF_OSS - 1)
    assert [part.number for part in bucket.upload(upload.id).parts()] == [1, 2, 3]
    assert list(bucket.list()) == []


def test_a_refused_completion_can_be_made_again(bucket: Bucket) -> None:
    upload = bucket.start_upload("key")
    for number, part in enumerate(cut(DATA, MIB), 1):
        upload.write_part(number, [part])
    bucket.put("key", [b"old"])
    with pytest.raises(ObjectExistsError):
        upload.complete(overwrite=False)
    upload.complete()
    assert content(bucket, "key") == DATA


@pytest.fixture
def s3_store(s3_client: S3Client) -> RemoteStore:
    return RemoteStore(s3_client, "small-parts/")


@pytest.fixture
def s3_bucket(s3_store: RemoteStore) -> RemoteBucket:
    name = f"images-{len(s3_store.buckets())}"
    return s3_store.create_bucket(name, region="r", owner="1")


def hidden(client: S3Client) -> list[str]:
    return [found.key for found in client.list("small-parts/.imageferry/parts/", "")]


def test_s3_is_sent_parts_that_it_takes(
    s3_bucket: RemoteBucket, monkeypatch: pytest.MonkeyPatch, s3_client: S3Client
) -> None:
    sent: list[int] = []
    complete = S3Client.complete_upload

    def noted(
        self: S3Client, key: str, upload_id: str, parts: list[tuple[int, str]], *, overwrite: bool
    ) -> str:
        sizes = {part.etag: part.size for part in self.parts(key, upload_id)}
        sent.extend(sizes[etag] for _, etag in parts)
        return complete(self, key, upload_id, parts, overwrite=overwrite)

    monkeypatch.setattr(S3Client, "complete_upload", noted)
    assert completed(s3_bucket, cut(DATA, 1000 << 10), LEAST_OF_OSS) == DATA
    assert all(LEAST_OF_S3 <= size < 3 * LEAST_OF_S3 for size in sent[:-1])
    assert sum(sent) == len(DATA)
    assert hidden(s3_client) == []


def test_what_s3_cannot_put_together_is_refused(s3_bucket: RemoteBucket) -> None:
    upload = s3_bucket.start_upload("key")
    upload.write_part(1, [b"small"])
    upload.write_part(2, [DATA[:LEAST_OF_S3]])
    with pytest.raises(PartTooSmallError):
        upload.complete()
    upload.abort()


def test_an_aborted_upload_leaves_no_small_part(
    s3_bucket: RemoteBucket, s3_client: S3Client
) -> None:
    upload = s3_bucket.start_upload("key")
    upload.write_part(1, [b"small"])
    assert len(hidden(s3_client)) == 1
    upload.abort()
    assert hidden(s3_client) == []


def test_sweep_takes_small_parts_without_an_upload(
    s3_store: RemoteStore, s3_bucket: RemoteBucket, s3_client: S3Client
) -> None:
    kept = s3_bucket.start_upload("kept")
    kept.write_part(1, [b"small"])
    left = s3_bucket.start_upload("left")
    left.write_part(1, [b"small"])
    (identifier,) = [found.id for found in s3_client.uploads("") if found.key.endswith("/left")]
    s3_client.abort_upload(f"small-parts/{s3_bucket.info.name}/left", identifier)
    assert s3_store.sweep(timedelta(days=1)) == 1
    assert len(hidden(s3_client)) == 1
    kept.abort()


def test_a_part_that_goes_while_it_is_put_together(
    s3_bucket: RemoteBucket, s3_client: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = s3_bucket.start_upload("key")
    upload.write_part(1, [b"small"])
    sign_get = S3Client.sign_get

    def vanished(self: S3Client, key: str) -> object:
        self.delete(key)
        return sign_get(self, key)

    monkeypatch.setattr(S3Client, "sign_get", vanished)
    with pytest.raises(InvalidPartError, match="replaced"):
        upload.complete()
    upload.abort()
