"""What the clients of S3-compatible stores share."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

from imageferry.buckets.remote_client import Credentials
from imageferry.buckets.s3 import S3Client

CLIENTS = 20
MOST_BYTES = 1 << 20
"""Much less than the description of S3, which is some ten MiB in memory."""


def test_a_further_bucket_takes_little_memory() -> None:
    first = _client(0)
    with _measured() as grown:
        others = [_client(number) for number in range(1, CLIENTS)]
    assert first is not None
    assert grown[0] / len(others) < MOST_BYTES


def test_each_signs_with_its_own_key_for_its_own_store() -> None:
    urls = [_client(number).sign_get("disk.raw").url for number in (1, 2)]
    for number, url in enumerate(urls, 1):
        assert url.startswith(f"http://store-{number}.example/bucket/disk.raw?")
        assert f"X-Amz-Credential=key-{number}%2F" in url


def _client(number: int) -> S3Client:
    return S3Client(
        "bucket",
        Credentials(f"key-{number}", "secret"),
        region="us-east-1",
        endpoint=f"http://store-{number}.example",
        path_style=True,
    )


@contextmanager
def _measured() -> Iterator[list[int]]:
    """The bytes that a block allocates and keeps, once it has ended."""
    grown: list[int] = []
    tracemalloc.start()
    try:
        yield grown
        grown.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
