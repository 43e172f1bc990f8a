"""Requests that may not overwrite an object, many at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import urllib3

from imageferry.buckets.folder_bucket import FolderBucket
from integration.oss.service import Service
from integration.oss.wire import BUCKET, CONNECTIONS, code, completion, send

WRITERS = CONNECTIONS
FORBIDDEN = {"x-oss-forbid-overwrite": "true"}
pytestmark = pytest.mark.usefixtures("bucket")


def successes(race: Callable[[int], urllib3.BaseHTTPResponse]) -> int:
    """Send requests at the same time, and count those that stored what they were to store."""
    start = threading.Barrier(WRITERS)

    def answer(number: int) -> urllib3.BaseHTTPResponse:
        start.wait()
        return race(number)

    with ThreadPoolExecutor(WRITERS) as threads:
        answers = list(threads.map(answer, range(WRITERS)))
    refused = [response for response in answers if response.status != 200]
    assert {(each.status, code(each)) for each in refused} == {(409, "FileAlreadyExists")}
    return WRITERS - len(refused)


def test_of_many_puts_that_may_not_overwrite_one_succeeds(service: Service) -> None:
    bodies = [bytes([65 + number]) * 200_000 for number in range(WRITERS)]

    def put(number: int) -> urllib3.BaseHTTPResponse:
        return send(service, "PUT", body=bodies[number], signed=FORBIDDEN)

    assert successes(put) == 1
    assert send(service, "GET").data in bodies


def test_of_many_copies_that_may_not_overwrite_one_succeeds(service: Service) -> None:
    for number in range(WRITERS):
        send(service, "PUT", f"source-{number}", body=b"%d" % number)

    def copy(number: int) -> urllib3.BaseHTTPResponse:
        source = {"x-oss-copy-source": f"/{BUCKET}/source-{number}"}
        return send(service, "PUT", signed={**FORBIDDEN, **source})

    assert successes(copy) == 1


def test_of_many_uploads_that_may_not_overwrite_one_succeeds(
    service: Service, bucket: FolderBucket
) -> None:
    uploads = [bucket.start_upload("key") for _ in range(WRITERS)]
    etags = [upload.write_part(1, [upload.id.encode()]).etag for upload in uploads]

    def complete(number: int) -> urllib3.BaseHTTPResponse:
        which = {"uploadId": uploads[number].id}
        body = completion((1, etags[number]))
        return send(service, "POST", body=body, parameters=which, signed=FORBIDDEN)

    assert successes(complete) == 1
    assert len(bucket.uploads()) == WRITERS - 1


def test_an_upload_of_a_name_that_is_taken_is_refused_at_its_start(service: Service) -> None:
    send(service, "PUT", body=b"first")
    response = send(service, "POST", parameters={"uploads": ""}, signed=FORBIDDEN)
    assert (response.status, code(response)) == (409, "FileAlreadyExists")
