"""``ali-oss`` walks the OSS endpoint, with both signatures and both ways to name a bucket."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pytest
import urllib3

from support.ali_oss import AliOss, ali_oss, buffer, content, stream
from support.oss_ways import WAYS
from support.refusals import RefusedError
from support.service import REGION, Service

KEY = "a folder/дis k+%&=.qcow2"
MIB = 1 << 20
ROLE = "AliyunECSImageImportDefaultRole"
HTTP = urllib3.PoolManager()


@pytest.fixture(scope="module", params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    """How requests are signed, and where they name the bucket."""
    return str(request.param)


@pytest.fixture(scope="module")
def opened(way: str, service: Service) -> Iterator[AliOss]:
    with ali_oss(service, f"node-{way}", WAYS[way]) as found:
        found.call("putBucket", f"node-{way}")
        yield found
        found.call("deleteBucket", f"node-{way}")


@pytest.fixture
def client(opened: AliOss) -> Iterator[AliOss]:
    """A client of an empty bucket."""
    yield opened
    for upload in opened.call("listUploads", {"max-uploads": 100})["uploads"]:
        opened.call("abortMultipartUpload", upload["name"], upload["uploadId"])
    names = [item["name"] for item in opened.call("listV2", {"max-keys": 100})["objects"]]
    if names:
        opened.call("deleteMulti", names, {"quiet": True})


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file of several parts."""
    path = tmp_path / "source.qcow2"
    path.write_bytes(os.urandom(3 * MIB + 5))
    return path


def refusal(client: AliOss, method: str, /, *arguments: Any) -> RefusedError:
    with pytest.raises(RefusedError) as refused:
        client.call(method, *arguments)
    return refused.value


def test_the_bucket(client: AliOss, way: str) -> None:
    name = f"node-{way}"
    client.call("put", "a", buffer(b"12345"))

    (listed,) = client.call("listBuckets", {"prefix": name})["buckets"]
    info = client.call("getBucketInfo", name)["bucket"]
    assert listed["name"] == info["Name"] == name
    assert listed["region"] == info["Location"] == f"oss-{REGION}"
    assert client.call("getBucketLocation", name)["location"] == f"oss-{REGION}"
    client.call("putBucketACL", name, "private")
    assert client.call("getBucketACL", name)["acl"] == "private"
    stat = client.call("getBucketStat", name)["stat"]
    assert (stat["ObjectCount"], stat["Storage"]) == ("1", "5")
    assert refusal(client, "deleteBucket", name).code == "BucketNotEmpty"
    assert refusal(client, "getBucketInfo", "no-such-bucket").code == "NoSuchBucket"


def test_an_object_there_and_back(client: AliOss) -> None:
    data = os.urandom(70_000)
    stored = client.call(
        "put",
        KEY,
        buffer(data),
        {"meta": {"origin": "here"}, "mime": "a/b", "headers": {"Cache-Control": "no-store"}},
    )

    found = client.call("get", KEY)
    head = client.call("head", KEY)
    meta = client.call("getObjectMeta", KEY)
    assert content(found) == data
    assert head["meta"] == {"origin": "here"}
    told = head["res"]["headers"]
    assert (told["content-type"], told["cache-control"]) == ("a/b", "no-store")
    assert told["x-oss-hash-crc64ecma"] == stored["res"]["headers"]["x-oss-hash-crc64ecma"]
    assert told["content-length"] == meta["res"]["headers"]["content-length"] == "70000"
    assert told["etag"] == meta["res"]["headers"]["etag"]

    client.call("putMeta", KEY, {"origin": "there"})
    assert client.call("head", KEY)["meta"] == {"origin": "there"}
    assert client.call("delete", KEY)["res"]["status"] == 204
    assert refusal(client, "get", KEY).code == "NoSuchKey"


def test_a_file_and_a_stream_without_a_length(client: AliOss, source: Path, tmp_path: Path) -> None:
    client.call("put", "file", str(source))
    client.call("putStream", "stream", stream(source))

    for key in ("file", "stream"):
        client.call("get", key, str(tmp_path / "target"))
        assert (tmp_path / "target").read_bytes() == source.read_bytes()


def test_ranges_and_conditions(client: AliOss) -> None:
    etag = client.call("put", "key", buffer(b"0123456789"))["res"]["headers"]["etag"]

    def get(**headers: str) -> dict[str, Any]:
        wanted = {name.replace("_", "-"): value for name, value in headers.items()}
        result: dict[str, Any] = client.call("get", "key", {"headers": wanted})
        return result

    part = get(Range="bytes=2-4")
    assert (part["res"]["status"], content(part)) == (206, b"234")
    assert part["res"]["headers"]["content-range"] == "bytes 2-4/10"
    assert get(If_None_Match=etag)["res"]["status"] == 304
    assert content(get(If_Match=etag)) == b"0123456789"
    with pytest.raises(RefusedError) as refused:
        get(If_Match='"OTHER"')
    assert (refused.value.code, refused.value.status) == ("PreconditionFailed", 412)


def test_an_object_that_must_not_be_overwritten(client: AliOss) -> None:
    once = {"headers": {"x-oss-forbid-overwrite": "true"}}
    client.call("put", "key", buffer(b"first"), once)

    error = refusal(client, "put", "key", buffer(b"second"), once)

    assert (error.code, error.status) == ("FileAlreadyExists", 409)
    assert content(client.call("get", "key")) == b"first"


def test_names_that_are_listed_encoded(client: AliOss) -> None:
    client.call("put", "b c+%/ü", buffer(b"x"))

    for method in ("list", "listV2"):
        page = client.call(method, {"encoding-type": "url", "max-keys": 10})
        assert [unquote_plus(item["name"]) for item in page["objects"]] == ["b c+%/ü"]
        assert page["objects"][0]["name"] != "b c+%/ü"


def test_what_is_not_there(client: AliOss) -> None:
    for method in ("head", "get", "getObjectMeta"):
        error = refusal(client, method, "none")
        assert (error.code, error.status) == ("NoSuchKey", 404)
        assert error.request_id
    assert refusal(client, "append", "key", buffer(b"x")).code == "NotImplemented"


def test_listing(client: AliOss) -> None:
    keys = ["a", "a/1", "a/2", "b c+%", "c/d/e", "ü"]
    for key in keys:
        client.call("put", key, buffer(b"x"))

    assert [item["name"] for item in _pages(client, "list", "marker", "nextMarker")] == keys
    by_token = _pages(client, "listV2", "continuation-token", "nextContinuationToken")
    assert [item["name"] for item in by_token] == keys
    for method in ("list", "listV2"):
        grouped = client.call(method, {"delimiter": "/", "max-keys": 10})
        assert [item["name"] for item in grouped["objects"]] == ["a", "b c+%", "ü"]
        assert grouped["prefixes"] == ["a/", "c/"]
        below = client.call(method, {"prefix": "a/", "max-keys": 10})
        assert [item["name"] for item in below["objects"]] == ["a/1", "a/2"]


def _pages(client: AliOss, method: str, parameter: str, told: str) -> Iterator[dict[str, Any]]:
    where: dict[str, Any] = {}
    while True:
        page = client.call(method, {"max-keys": 2, **where})
        yield from page["objects"]
        if not page["isTruncated"]:
            return
        where = {parameter: page[told]}


def test_copies_and_deleting_many(client: AliOss) -> None:
    client.call("put", KEY, buffer(b"data"), {"meta": {"a": "1"}})

    client.call("copy", "copy", KEY)
    assert content(client.call("get", "copy")) == b"data"
    assert client.call("head", "copy")["meta"] == {"a": "1"}
    client.call("copy", "copy", KEY, {"meta": {"b": "2"}})
    assert client.call("head", "copy")["meta"] == {"b": "2"}

    deleted = client.call("deleteMulti", ["copy", KEY, "b & c"])["deleted"]
    assert [item["Key"] for item in deleted] == ["copy", KEY, "b & c"]
    assert client.call("listV2", {"max-keys": 10})["objects"] == []


def test_an_upload_in_parts(client: AliOss, source: Path, tmp_path: Path) -> None:
    client.call("multipartUpload", KEY, str(source), {"partSize": MIB, "meta": {"a": "1"}})

    client.call("get", KEY, str(tmp_path / "target"))
    assert (tmp_path / "target").read_bytes() == source.read_bytes()
    assert client.call("head", KEY)["meta"] == {"a": "1"}


def test_a_copy_in_parts(client: AliOss, way: str, source: Path, tmp_path: Path) -> None:
    client.call("put", KEY, str(source))

    whence = {"sourceKey": KEY, "sourceBucketName": f"node-{way}"}
    client.call("multipartUploadCopy", "copy", whence, {"partSize": MIB})

    client.call("get", "copy", str(tmp_path / "target"))
    assert (tmp_path / "target").read_bytes() == source.read_bytes()


def test_an_upload_in_parts_goes_on_from_its_checkpoint(
    client: AliOss, source: Path, tmp_path: Path
) -> None:
    checkpoint = client.call(
        "multipartUploadUntil", 2, KEY, str(source), {"partSize": MIB, "mime": "a/b"}
    )

    done = {"max-parts": 10}
    listed = client.call("listParts", KEY, checkpoint["uploadId"], done)["parts"]
    assert [part["PartNumber"] for part in listed] == ["1", "2"]
    assert [part["number"] for part in checkpoint["doneParts"]] == [1, 2]
    (upload,) = client.call("listUploads", {"max-uploads": 10})["uploads"]
    assert (upload["name"], upload["uploadId"]) == (KEY, checkpoint["uploadId"])
    assert refusal(client, "head", KEY).code == "NoSuchKey"

    client.call("multipartUpload", KEY, str(source), {"checkpoint": checkpoint})

    client.call("get", KEY, str(tmp_path / "target"))
    assert (tmp_path / "target").read_bytes() == source.read_bytes()
    assert client.call("head", KEY)["res"]["headers"]["content-type"] == "a/b"
    assert client.call("listUploads", {"max-uploads": 10})["uploads"] == []


def test_an_upload_that_is_aborted(client: AliOss, source: Path) -> None:
    checkpoint = client.call("multipartUploadUntil", 1, KEY, str(source), {"partSize": MIB})

    client.call("abortMultipartUpload", KEY, checkpoint["uploadId"])

    assert client.call("listUploads", {"max-uploads": 10})["uploads"] == []
    late = refusal(client, "listParts", KEY, checkpoint["uploadId"], {"max-parts": 10})
    assert (late.code, late.status) == ("NoSuchUpload", 404)


def test_presigned_requests(client: AliOss, way: str) -> None:
    assert _send("PUT", _presigned(client, way, "PUT"), body=b"data").status == 200
    got = _send("GET", _presigned(client, way, "GET"))
    assert (got.status, got.data) == (200, b"data")
    assert _send("GET", _presigned(client, way, "PUT")).status == 403


def _presigned(client: AliOss, way: str, method: str) -> str:
    if WAYS[way].version == "v4":
        url = client.call("signatureUrlV4", method, 60, {}, "key")
    else:
        url = client.call("signatureUrl", "key", {"method": method, "expires": 60})
    return str(url)


def _send(method: str, url: str, body: bytes | None = None) -> Any:
    """Send to this machine, wherever the URL's host is."""
    found = urllib3.util.parse_url(url)
    here = found._replace(host="127.0.0.1").url
    return HTTP.request(method, here, body=body, headers={"Host": str(found.netloc)})


def test_temporary_credentials(client: AliOss, way: str, service: Service) -> None:
    client.call("put", "key", buffer(b"data"))
    account = client.call("getBucketInfo", f"node-{way}")["bucket"]["Owner"]["ID"]
    role = f"acs:ram::{account}:role/{ROLE}"
    key = client.call("assumeRole", role, None, 900, "node")["credentials"]
    named = {"accessKeyId": key["AccessKeyId"], "accessKeySecret": key["AccessKeySecret"]}

    with ali_oss(
        service, f"node-{way}", WAYS[way], **named, stsToken=key["SecurityToken"]
    ) as temporary:
        assert content(temporary.call("get", "key")) == b"data"
        assert _send("GET", _presigned(temporary, way, "GET")).data == b"data"
    with ali_oss(service, f"node-{way}", WAYS[way], **named, stsToken="other") as wrong:
        error = refusal(wrong, "get", "key")
    assert (error.code, error.status) == ("InvalidSecurityToken", 403)
