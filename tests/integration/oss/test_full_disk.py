"""A disk that is full in the middle of a request: the old object or none, and nothing left.

The limit of a file's size stands for the disk, as it needs no privilege.
"""

from __future__ import annotations

import pytest

from imageferry.buckets.folder_bucket import FolderBucket
from integration.oss.service import Service
from integration.oss.wire import BUCKET, code, completion, hidden_files, send
from support.full_disks import full_disk

LIMIT = 1 << 20
FULL = (507, "InsufficientStorage")
pytestmark = pytest.mark.usefixtures("bucket")


def test_a_put_leaves_no_object(service: Service) -> None:
    before = hidden_files(service)
    with full_disk(LIMIT):
        response = send(service, "PUT", body=b"x" * (3 * LIMIT))
    assert (response.status, code(response)) == FULL
    assert hidden_files(service) == before
    assert send(service, "HEAD").status == 404


def test_a_put_leaves_the_old_object(service: Service, bucket: FolderBucket) -> None:
    bucket.put("key", [b"old"])
    before = hidden_files(service)
    with full_disk(LIMIT):
        response = send(service, "PUT", body=b"x" * (3 * LIMIT))
    assert (response.status, code(response)) == FULL
    assert hidden_files(service) == before
    assert send(service, "GET").data == b"old"


def test_a_copy(service: Service, bucket: FolderBucket) -> None:
    bucket.put("source", [b"x" * (2 * LIMIT)])
    before = hidden_files(service)
    with full_disk(LIMIT):
        response = send(service, "PUT", signed={"x-oss-copy-source": f"/{BUCKET}/source"})
    assert (response.status, code(response)) == FULL
    assert hidden_files(service) == before
    assert [item.key for item in bucket.list()] == ["source"]


def test_a_part(service: Service, bucket: FolderBucket) -> None:
    upload = bucket.start_upload("key")
    before = hidden_files(service)
    with full_disk(LIMIT):
        which = {"partNumber": "1", "uploadId": upload.id}
        response = send(service, "PUT", body=b"x" * (2 * LIMIT), parameters=which)
    assert (response.status, code(response)) == FULL
    assert (hidden_files(service), upload.parts()) == (before, [])


def test_a_completion_can_be_made_again(service: Service, bucket: FolderBucket) -> None:
    upload = bucket.start_upload("key")
    data = b"x" * (LIMIT - 1)
    etags = [(number, upload.write_part(number, [data]).etag) for number in (1, 2)]
    before = hidden_files(service)
    which = {"uploadId": upload.id}
    with full_disk(LIMIT):
        response = send(service, "POST", body=completion(*etags), parameters=which)
    assert (response.status, code(response)) == FULL
    assert hidden_files(service) == before
    assert send(service, "HEAD").status == 404
    response = send(service, "POST", body=completion(*etags), parameters=which)
    assert response.status == 200
    assert send(service, "GET").data == data * 2
