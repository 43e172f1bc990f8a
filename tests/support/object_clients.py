"""The official OSS clients as a user of images needs them: files go up, and come down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

import alibabacloud_oss_v2 as oss
import oss2

from support.ali_oss import AliOss, ali_oss
from support.oss_ways import Way
from support.service import Service

PART_BYTES = 1 << 20


class ObjectClient(Protocol):
    """A client of one bucket, which it has made."""

    def upload(self, key: str, path: Path) -> None:
        """Upload a file in parts of 1 MiB."""
        ...

    def download(self, key: str, path: Path) -> None:
        """Download an object into a file."""
        ...

    def keys(self) -> list[str]:
        """The names of the bucket's objects."""
        ...


class _Oss2:
    def __init__(self, bucket: Any) -> None:
        self._bucket = bucket

    def upload(self, key: str, path: Path) -> None:
        store = oss2.ResumableStore(root=str(path.parent))
        oss2.resumable_upload(
            self._bucket,
            key,
            str(path),
            store=store,
            multipart_threshold=PART_BYTES,
            part_size=PART_BYTES,
        )

    def download(self, key: str, path: Path) -> None:
        self._bucket.get_object_to_file(key, str(path))

    def keys(self) -> list[str]:
        return [item.key for item in oss2.ObjectIteratorV2(self._bucket)]


class _OssV2:
    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def upload(self, key: str, path: Path) -> None:
        request = oss.PutObjectRequest(bucket=self._bucket, key=key)
        self._client.uploader(part_size=PART_BYTES).upload_file(request, str(path))

    def download(self, key: str, path: Path) -> None:
        request = oss.GetObjectRequest(bucket=self._bucket, key=key)
        self._client.downloader(part_size=PART_BYTES).download_file(request, str(path))

    def keys(self) -> list[str]:
        pages = self._client.list_objects_v2_paginator().iter_page(
            oss.ListObjectsV2Request(bucket=self._bucket)
        )
        return [item.key for page in pages for item in page.contents or []]


class _AliOss:
    def __init__(self, client: AliOss) -> None:
        self._client = client

    def upload(self, key: str, path: Path) -> None:
        self._client.call("multipartUpload", key, str(path), {"partSize": PART_BYTES})

    def download(self, key: str, path: Path) -> None:
        self._client.call("get", key, str(path))

    def keys(self) -> list[str]:
        return [item["name"] for item in self._client.call("listV2", {})["objects"]]


@contextmanager
def _with_oss2(service: Service, bucket: str) -> Iterator[ObjectClient]:
    signer = oss2.make_auth(service.access_key_id, service.access_key_secret, "v1")
    session = oss2.Session()
    found = oss2.Bucket(signer, service.oss, bucket, session=session)
    found.create_bucket()
    yield _Oss2(found)
    session.session.close()


@contextmanager
def _with_oss_v2(service: Service, bucket: str) -> Iterator[ObjectClient]:
    service.make_bucket(bucket)
    yield _OssV2(service.objects, bucket)


@contextmanager
def _with_ali_oss(service: Service, bucket: str) -> Iterator[ObjectClient]:
    with ali_oss(service, bucket, Way("v4")) as client:
        client.call("putBucket", bucket)
        yield _AliOss(client)


OBJECT_CLIENTS: dict[str, Callable[[Service, str], AbstractContextManager[ObjectClient]]] = {
    "oss2": _with_oss2,
    "oss-v2": _with_oss_v2,
    "ali-oss": _with_ali_oss,
}
"""Each official OSS client, opened for a service's bucket."""
