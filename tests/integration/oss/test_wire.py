"""What no SDK shows: raw answers, hostile bodies, clients that vanish."""

from __future__ import annotations

import base64
import errno
import os
import socket
import threading
import tracemalloc
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import pytest

from imageferry.buckets.folder import FolderStore
from imageferry.buckets.folder_bucket import FolderBucket
from imageferry.buckets.interface import StoreError
from imageferry.buckets.remote_errors import RemoteStoreError
from integration.oss.service import Service, presigned
from integration.oss.wire import (
    BUCKET,
    HTTP,
    PART,
    code,
    completion,
    hidden_files,
    raw_request,
    send,
)

pytestmark = pytest.mark.usefixtures("bucket")


def test_an_error(service: Service) -> None:
    response = send(service, "GET", "no such key")
    assert response.status == 404
    root = ElementTree.fromstring(response.data)
    assert root.tag == "Error"
    assert root.findtext("Code") == "NoSuchKey"
    assert root.findtext("Message")
    assert root.findtext("Key") == "no such key"
    assert root.findtext("RequestId") == response.headers["x-oss-request-id"]
    assert root.findtext("HostId") == "127.0.0.1"


def test_a_refused_request_is_kept_for_its_account(service: Service) -> None:
    answer = send(service, "GET", "no such key")
    asked = send(service, "HEAD", "no such key")
    stranger = HTTP.request("GET", f"{service.endpoint}/{BUCKET}/key")

    kept = {call.request_id: call for call in service.refused}
    call = kept[answer.headers["x-oss-request-id"]]
    assert (call.account_id, call.access_key_id, call.action) == ("100", "mine", "GetObject")
    assert call.parameters == {"Bucket": BUCKET, "Key": "no such key"}
    assert (call.status, call.code) == (404, "NoSuchKey")
    assert asked.headers["x-oss-request-id"] not in kept
    assert stranger.headers["x-oss-request-id"] not in kept


def test_an_error_to_head_is_in_a_header(service: Service) -> None:
    response = send(service, "HEAD", "none")
    assert (response.status, response.data) == (404, b"")
    document = base64.b64decode(response.headers["x-oss-err"])
    assert ElementTree.fromstring(document).findtext("Code") == "NoSuchKey"


def test_a_stranger_is_told_nothing(service: Service) -> None:
    response = HTTP.request("GET", f"{service.endpoint}/{BUCKET}/key")
    assert (response.status, code(response)) == (403, "AccessDenied")


@pytest.mark.parametrize(
    "host", [f"{BUCKET}.oss-cn-hangzhou.aliyuncs.com", f"{BUCKET}.localhost:8081"]
)
def test_virtual_host_style(service: Service, host: str) -> None:
    send(service, "PUT", "a/b", body=b"data")
    url = urlsplit(presigned(service, "GET", BUCKET, "a/b"))
    response = HTTP.request("GET", f"{service.endpoint}/a/b?{url.query}", headers={"Host": host})
    assert (response.status, response.data) == (200, b"data")


def test_conditional_reads(service: Service) -> None:
    etag = send(service, "PUT", body=b"data").headers["etag"]
    current = send(service, "GET", headers={"If-None-Match": etag})
    assert (current.status, current.data, current.headers["etag"]) == (304, b"", etag)
    assert send(service, "HEAD", headers={"If-None-Match": etag}).status == 304
    assert send(service, "HEAD", headers={"If-Match": '"OTHER"'}).status == 412


def test_a_partial_answer(service: Service) -> None:
    send(service, "PUT", body=b"0123456789")
    response = send(service, "GET", headers={"Range": "bytes=2-5"})
    assert (response.status, response.data) == (206, b"2345")
    assert response.headers["content-range"] == "bytes 2-5/10"
    assert response.headers["content-length"] == "4"


def test_content_md5_is_checked(service: Service) -> None:
    before = hidden_files(service)
    response = send(
        service, "PUT", body=b"data", signed={"Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg=="}
    )
    assert (response.status, code(response)) == (400, "InvalidDigest")
    assert send(service, "HEAD").status == 404
    assert hidden_files(service) == before


def test_an_announced_crc64_is_checked(service: Service) -> None:
    response = send(service, "PUT", body=b"data", signed={"x-oss-hash-crc64ecma": "1"})
    assert (response.status, code(response)) == (400, "InvalidArgument")
    right = str(0x995DC9BBDF1939FA)
    response = send(service, "PUT", body=b"123456789", signed={"x-oss-hash-crc64ecma": right})
    assert response.headers["x-oss-hash-crc64ecma"] == right


def test_a_body_without_a_length(service: Service) -> None:
    response = send(service, "PUT", body=iter([b"a" * 100_000, b"b" * 100_000]))
    assert response.status == 200
    assert send(service, "GET").data == b"a" * 100_000 + b"b" * 100_000


def test_overwriting_can_be_forbidden(service: Service) -> None:
    send(service, "PUT", body=b"first")
    response = send(service, "PUT", body=b"second", signed={"x-oss-forbid-overwrite": "true"})
    assert (response.status, code(response)) == (409, "FileAlreadyExists")
    assert send(service, "GET").data == b"first"


def test_public_objects_are_refused(service: Service) -> None:
    response = send(service, "PUT", body=b"x", signed={"x-oss-object-acl": "public-read"})
    assert (response.status, code(response)) == (501, "NotImplemented")


ENTITY = b"""<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>
<Delete><Object><Key>&e;</Key></Object></Delete>"""


@pytest.mark.parametrize(
    "body",
    [
        ENTITY,
        b"<Delete></Delete>",
        b"<Delete><Object><Key></Key></Object></Delete>",
        b"<Delete>" + b"<Object><Key>k</Key></Object>" * 1001 + b"</Delete>",
        b"x" * (3 << 20),
    ],
    ids=["entity", "empty", "no key", "too many", "too long"],
)
def test_hostile_documents(service: Service, body: bytes) -> None:
    send(service, "PUT", "k", body=b"kept")
    response = send(service, "POST", "", body=body, parameters={"delete": ""})
    assert (response.status, code(response)) == (400, "MalformedXML")
    assert send(service, "GET", "k").data == b"kept"


def test_parts_have_to_be_named_in_order(service: Service, bucket: FolderBucket) -> None:
    upload = bucket.start_upload("key")
    etag = upload.write_part(1, [PART]).etag
    upload.write_part(2, [PART])
    which = {"uploadId": upload.id}
    for parts, expected in (
        ([(2, etag), (1, etag)], "InvalidPartOrder"),
        ([(1, etag), (1, etag)], "InvalidPartOrder"),
        ([(1, "0" * 32)], "InvalidPart"),
        ([], "MalformedXML"),
    ):
        response = send(service, "POST", body=completion(*parts), parameters=which)
        assert (response.status, code(response)) == (400, expected)
    response = send(service, "POST", body=completion((1, etag), (2, etag)), parameters=which)
    assert response.status == 200
    assert send(service, "GET").data == PART + PART


def test_only_the_last_part_may_be_small(service: Service, bucket: FolderBucket) -> None:
    upload = bucket.start_upload("key")
    parts = [PART, PART[1:], b"end"]
    etags = [upload.write_part(number, [data]).etag for number, data in enumerate(parts, 1)]
    named = list(enumerate(etags, 1))
    which = {"uploadId": upload.id}
    refused = send(service, "POST", body=completion(*named), parameters=which)
    assert (refused.status, code(refused)) == (400, "EntityTooSmall")
    details = ElementTree.fromstring(refused.data)
    assert details.findtext("PartNumber") == "2"
    assert details.findtext("ProposedSize") == "102399"
    assert details.findtext("MinSizeAllowed") == "102400"
    assert send(service, "HEAD").status == 404
    last = send(service, "POST", body=completion(named[0], named[2]), parameters=which)
    assert last.status == 200
    assert send(service, "GET").data == PART + b"end"


@pytest.mark.parametrize("number", ["0", "10001", "-1", "one", ""])
def test_part_numbers_are_checked(service: Service, bucket: FolderBucket, number: str) -> None:
    which = {"partNumber": number, "uploadId": bucket.start_upload("key").id}
    response = send(service, "PUT", body=b"a", parameters=which)
    assert (response.status, code(response)) == (400, "InvalidArgument")


@pytest.mark.parametrize("key", ["a\0b", "/leading", "\\leading", "x" * 1024])
def test_names_against_the_rules(service: Service, key: str) -> None:
    response = send(service, "PUT", key, body=b"x")
    assert (response.status, code(response)) == (400, "InvalidObjectName")


ODD_NAMES = (
    "../../x",
    "a//b",
    "a/../b",
    ".imageferry/buckets/wire/bucket.json",
    "\n",
    "\x1b[0m\x7f",
    "x" * 1023,
)


@pytest.mark.parametrize("key", ODD_NAMES)
def test_odd_names_are_kept_apart(service: Service, key: str) -> None:
    assert send(service, "PUT", key, body=key.encode()).status == 200
    assert send(service, "GET", key).data == key.encode()
    listing = send(service, "GET", "", parameters={"encoding-type": "url"})
    names = [item.text or "" for item in ElementTree.fromstring(listing.data).iter("Key")]
    assert [unquote(name) for name in names] == [key]


def test_headers_cannot_be_smuggled_in(service: Service) -> None:
    send(service, "PUT", body=b"x")
    params = {"response-content-type": "text/plain\r\nx-smuggled: 1"}
    response = send(service, "GET", parameters=params)
    assert response.status == 200
    assert "x-smuggled" not in response.headers


@pytest.mark.parametrize("asked", [" text/plain", "text/plain\n", "\ttext/plain\x00 "])
def test_a_header_that_is_asked_for_has_nothing_around_it(service: Service, asked: str) -> None:
    send(service, "PUT", body=b"x")

    response = send(service, "GET", parameters={"response-content-type": asked})

    assert (response.status, response.headers["content-type"]) == (200, "text/plain")


def test_a_client_that_vanishes_leaves_nothing(service: Service) -> None:
    send(service, "PUT", body=b"old")
    before = hidden_files(service)
    with socket.create_connection(("127.0.0.1", service.port)) as connection:
        connection.sendall(raw_request(service, "PUT", "Content-Length: 9999999"))
        connection.sendall(b"x" * 2_000_000)
        wait_for(lambda: hidden_files(service) != before)
    wait_for(lambda: hidden_files(service) == before)
    assert send(service, "GET").data == b"old"


def test_a_client_that_stops_sending_is_told(service: Service) -> None:
    with (
        socket.create_connection(("127.0.0.1", service.port)) as connection,
        connection.makefile("rb") as answer,
    ):
        head = raw_request(service, "PUT", "Content-Length: 100", "Connection: close")
        connection.sendall(head + b"x")
        received = answer.read()
    assert received.startswith(b"HTTP/1.1 400")
    assert b"<Code>RequestTimeout</Code>" in received


def test_a_reader_that_hangs_up_does_no_harm(service: Service) -> None:
    send(service, "PUT", body=b"x" * (32 << 20))
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", service.port)) as connection:
            connection.sendall(raw_request(service, "GET"))
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
    wait_for(lambda: not open_objects(service))


def open_objects(service: Service) -> list[Path]:
    found = [Path("/proc/self/fd") / name for name in os.listdir("/proc/self/fd")]  # noqa: PTH208
    targets = [path.readlink() for path in found if path.is_symlink()]
    return [target for target in targets if service.root / BUCKET in target.parents]


@pytest.mark.parametrize(
    ("error", "status", "expected"),
    [
        (OSError(errno.ENOSPC, "full"), 507, "InsufficientStorage"),
        (OSError(errno.EIO, "broken"), 500, "InternalError"),
        (RuntimeError("a fault of ours"), 500, "InternalError"),
        (StoreError("a folder stands in the way"), 500, "InternalError"),
        (RemoteStoreError("the remote store did not answer"), 503, "ServiceUnavailable"),
    ],
)
def test_failures_of_the_service_are_answered(
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    status: int,
    expected: str,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(FolderBucket, "put", fail)
    response = send(service, "PUT", body=b"x" * 3_000_000)
    assert (response.status, code(response)) == (status, expected)
    assert b"a fault of ours" not in response.data


@pytest.mark.parametrize(
    "header", ["x-oss-server-side-encryption", "x-oss-tagging", "x-oss-callback"]
)
@pytest.mark.parametrize(("method", "parameters"), [("PUT", {}), ("POST", {"uploads": ""})])
def test_what_would_have_no_effect_is_refused(
    service: Service, method: str, parameters: dict[str, str], header: str
) -> None:
    """Nobody may take an object for encrypted, tagged or announced that is not."""
    response = send(service, method, parameters=parameters, signed={header: "AES256"})
    assert (response.status, code(response)) == (501, "NotImplemented")
    assert header.encode() in response.data
    assert send(service, "HEAD").status == 404


def test_a_bucket_is_made_while_another_backend_is_silent(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise RemoteStoreError("the remote store did not answer")

    monkeypatch.setattr(FolderStore, "buckets", fail)
    url = presigned(service, "PUT", BUCKET, "")
    assert HTTP.request("PUT", url).status == 200


def test_a_large_object_needs_little_memory(service: Service, bucket: FolderBucket) -> None:
    """Far more is sent and received than may be kept, though the limit is a loose one."""
    total, chunk = 192 << 20, bytes(1 << 20)
    tracemalloc.start()
    try:
        assert send(service, "PUT", body=(chunk for _ in range(total >> 20))).status == 200
        url = presigned(service, "GET", BUCKET, "key")
        received = HTTP.request("GET", url, preload_content=False)
        assert sum(len(part) for part in received.stream(1 << 20)) == total
        received.release_conn()
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert bucket.head("key").size == total
    assert most < 32 << 20


def wait_for(condition: Any) -> None:
    """Wait until something holds; the test's own time limit ends it otherwise."""
    pause = threading.Event()
    while not condition():
        pause.wait(0.01)
