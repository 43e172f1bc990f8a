"""Parts that change on their way to a store are not taken for stored."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import IO

import pytest
from urllib3 import HTTPHeaderDict

from imageferry.buckets.interface import Bucket, StoreError
from imageferry.buckets.remote_client import RemoteClient
from imageferry.buckets.remote_store import RemoteStore
from imageferry.buckets.remote_transfer import Sign, Transfer

PART = 5 << 20
"""The least that S3 takes for a part that is not the last."""

Body = bytes | memoryview | IO[bytes]
Write = Callable[[Transfer, Sign, Body, int], Mapping[str, str]]

CHECKSUMS = ("x-amz-checksum-crc32", "x-oss-hash-crc64ecma")


@pytest.fixture
def far(remote: RemoteClient) -> Bucket:
    store = RemoteStore(remote, f"{secrets.token_hex(8)}/")
    return store.create_bucket("images", region="cn-hangzhou", owner="1")


def _changed(body: Body) -> bytes:
    """What a network makes of a part: all the same but for one bit."""
    if not isinstance(body, bytes | memoryview):
        body.seek(0)
        body = body.read()
    data = bytearray(body)
    data[len(data) // 2] ^= 1
    return bytes(data)


def _damaging(write: Write) -> Write:
    def damage(transfer: Transfer, sign: Sign, body: Body, size: int) -> Mapping[str, str]:
        return write(transfer, sign, _changed(body), size)

    return damage


def _silent(write: Write) -> Write:
    """A store that computes no checksums; what it is sent, and the ETag, tell the rest."""

    def forget(transfer: Transfer, sign: Sign, body: Body, size: int) -> Mapping[str, str]:
        answer = write(transfer, sign, body, size)
        told = HTTPHeaderDict(answer)
        for name in CHECKSUMS:
            told.discard(name)
        return told

    return forget


def test_a_part_that_changed_on_its_way_is_refused(
    far: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = far.start_upload("key")
    monkeypatch.setattr(Transfer, "write", _damaging(Transfer.write))

    with pytest.raises(StoreError):
        upload.write_part(1, [bytes(PART)])


def test_without_a_checksum_the_etag_tells(
    oss_client: RemoteClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = RemoteStore(oss_client, f"{secrets.token_hex(8)}/")
    upload = store.create_bucket("images", region="cn-hangzhou", owner="1").start_upload("key")
    monkeypatch.setattr(Transfer, "write", _silent(Transfer.write))

    assert upload.write_part(1, [bytes(PART)]).size == PART

    monkeypatch.setattr(Transfer, "write", _damaging(Transfer.write))
    with pytest.raises(StoreError, match="damaged part 2"):
        upload.write_part(2, [bytes(PART)])
