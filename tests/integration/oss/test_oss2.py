"""The official Python SDK oss2, with both signatures that it is used with."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import oss2
import pytest
import urllib3

from integration.oss.service import KEYS, Service

KEY = "a folder/дis k+%&=.qcow2"
PART = 100 << 10
"""The least that OSS takes for a part that is not the last."""
MIB = 1 << 20
HTTP = urllib3.PoolManager()

# oss2 leaves the connection of a refused request to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


def auth(version: str, key: str = "mine") -> Any:
    return oss2.make_auth(key, KEYS[key].secret, version)


def bucket_of(endpoint: str, signer: Any, name: str, session: Any) -> Any:
    return oss2.Bucket(signer, endpoint, name, session=session, region="cn-beijing")


def service_of(bucket: Any, signer: Any) -> Any:
    return oss2.Service(signer, bucket.endpoint, session=bucket.session, region="cn-beijing")


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    found = oss2.Session()
    yield found
    found.session.close()


@pytest.fixture(params=["v1", "v4"])
def bucket(service: Service, session: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    name = f"bucket-{request.param}"
    found = bucket_of(service.endpoint, auth(request.param), name, session)
    found.create_bucket()
    yield found
    for upload in oss2.MultipartUploadIterator(found):
        found.abort_multipart_upload(upload.key, upload.upload_id)
    for item in found.list_object_versions().versions:
        found.delete_object(item.key, params={"versionId": item.versionid})
    found.delete_bucket()
    gc.collect()
    assert found.bucket_name not in [info.name for info in service.store.buckets()]


def test_bucket_information(bucket: Any) -> None:
    found = service_of(bucket, bucket.auth)
    assert bucket.bucket_name in [info.name for info in oss2.BucketIterator(found)]
    prefixed = found.list_buckets(prefix=bucket.bucket_name[:4], max_keys=10)
    assert bucket.bucket_name in [info.name for info in prefixed.buckets]
    info = bucket.get_bucket_info()
    assert (info.name, info.acl.grant, info.owner.id) == (bucket.bucket_name, "private", "100")
    region = "cn-beijing" if bucket.bucket_name.endswith("v4") else "cn-hangzhou"
    assert bucket.get_bucket_location().location == f"oss-{region}"
    assert bucket.get_bucket_acl().acl == "private"
    bucket.put_bucket_acl("private")
    bucket.put_object("a", b"12345")
    stat = bucket.get_bucket_stat()
    assert (stat.object_count, stat.storage_size_in_bytes) == (1, 5)


def test_an_object_there_and_back(bucket: Any) -> None:
    headers = {"x-oss-meta-origin": "here", "Cache-Control": "no-store", "Content-Type": "a/b"}
    data = os.urandom(3 * MIB + 7)
    stored = bucket.put_object(KEY, data, headers=headers)
    found = bucket.get_object(KEY)
    assert found.read() == data
    assert found.client_crc == found.server_crc == stored.crc
    assert found.etag == stored.etag
    head = bucket.head_object(KEY)
    assert (head.content_length, head.content_type) == (len(data), "a/b")
    assert head.headers["x-oss-meta-origin"] == "here"
    assert head.headers["cache-control"] == "no-store"
    assert bucket.get_object_meta(KEY).content_length == len(data)
    assert bucket.object_exists(KEY)


def test_ranges(bucket: Any) -> None:
    bucket.put_object("key", b"0123456789")
    assert bucket.get_object("key", byte_range=(2, 4)).read() == b"234"
    assert bucket.get_object("key", byte_range=(7, None)).read() == b"789"
    assert bucket.get_object("key", byte_range=(None, 2)).read() == b"89"
    assert bucket.get_object("key", byte_range=(5, 20)).read() == b"0123456789"


def test_what_is_not_there(bucket: Any) -> None:
    assert not bucket.object_exists("none")
    with pytest.raises(oss2.exceptions.NoSuchKey) as refused:
        bucket.get_object("none")
    assert refused.value.request_id
    with pytest.raises(oss2.exceptions.NoSuchKey):
        bucket.get_object_meta("none")
    with pytest.raises(oss2.exceptions.NotFound) as head:
        bucket.head_object("none")
    assert head.value.code == "NoSuchKey"
    elsewhere = bucket_of(bucket.endpoint, bucket.auth, "no-bucket", bucket.session)
    with pytest.raises(oss2.exceptions.NoSuchBucket):
        elsewhere.put_object("key", b"x")


def test_listing(bucket: Any) -> None:
    keys = ["a", "a/1", "a/2", "b\n", "c/d/e", "ü"]
    for key in keys:
        bucket.put_object(key, b"x")
    assert [item.key for item in oss2.ObjectIterator(bucket, max_keys=2)] == keys
    assert [item.key for item in oss2.ObjectIteratorV2(bucket, max_keys=2)] == keys
    grouped = oss2.ObjectIteratorV2(bucket, delimiter="/", max_keys=2)
    assert [item.key for item in grouped] == ["a", "a/", "b\n", "c/", "ü"]
    below = bucket.list_objects_v2(prefix="a/", start_after="a/1", fetch_owner=True)
    assert [(item.key, item.owner.id) for item in below.object_list] == [("a/2", "100")]


def test_copies(bucket: Any) -> None:
    bucket.put_object(KEY, b"data", headers={"x-oss-meta-a": "1"})
    bucket.copy_object(bucket.bucket_name, KEY, "copy")
    assert bucket.get_object("copy").read() == b"data"
    assert bucket.head_object("copy").headers["x-oss-meta-a"] == "1"
    bucket.update_object_meta("copy", {"x-oss-meta-b": "2"})
    changed = bucket.head_object("copy").headers
    assert (changed.get("x-oss-meta-a"), changed["x-oss-meta-b"]) == (None, "2")
    headers = {"x-oss-copy-source-if-match": "OTHER"}
    with pytest.raises(oss2.exceptions.PreconditionFailed):
        bucket.copy_object(bucket.bucket_name, KEY, "copy", headers=headers)


def test_deleting_many(bucket: Any) -> None:
    for key in ("a", "b & c", KEY):
        bucket.put_object(key, b"x")
    deleted = bucket.batch_delete_objects(["a", "b & c", KEY, "none"]).deleted_keys
    assert deleted == ["a", "b & c", KEY, "none"]
    assert bucket.list_objects().object_list == []


def test_multipart_by_hand(bucket: Any) -> None:
    bucket.put_object("source", b"s" * MIB)
    upload = bucket.init_multipart_upload(KEY, headers={"x-oss-meta-a": "1"}).upload_id
    parts = [
        oss2.models.PartInfo(number, bucket.upload_part(KEY, upload, number, data).etag)
        for number, data in ((3, b"c"), (1, b"a" * MIB))
    ]
    copied = bucket.upload_part_copy(bucket.bucket_name, "source", (10, PART + 9), KEY, upload, 2)
    parts.append(oss2.models.PartInfo(2, copied.etag))
    listed = [part.part_number for part in oss2.PartIterator(bucket, KEY, upload, max_parts=2)]
    assert listed == [1, 2, 3]
    uploads = oss2.MultipartUploadIterator(bucket)
    assert [(item.key, item.upload_id) for item in uploads] == [(KEY, upload)]
    parts.sort(key=lambda part: part.part_number)
    done = bucket.complete_multipart_upload(KEY, upload, parts)
    assert bucket.get_object(KEY).read() == b"a" * MIB + b"s" * PART + b"c"
    assert bucket.head_object(KEY).headers["x-oss-meta-a"] == "1"
    assert done.crc == bucket.head_object(KEY).server_crc
    with pytest.raises(oss2.exceptions.NoSuchUpload):
        bucket.abort_multipart_upload(KEY, upload)


def test_multipart_mistakes(bucket: Any) -> None:
    upload = bucket.init_multipart_upload("key").upload_id
    etag = bucket.upload_part("key", upload, 1, b"a").etag
    small = bucket.upload_part("key", upload, 2, b"a").etag

    def code(*parts: tuple[int, str]) -> str:
        named = [oss2.models.PartInfo(*part) for part in parts]
        with pytest.raises(oss2.exceptions.ServerError) as refused:
            bucket.complete_multipart_upload("key", upload, named)
        return str(refused.value.code)

    assert code((1, "0" * 32)) == "InvalidPart"
    assert code((3, etag)) == "InvalidPart"
    assert code((1, etag), (2, small)) == "EntityTooSmall"
    with pytest.raises(oss2.exceptions.NoSuchUpload):
        bucket.upload_part("other", upload, 1, b"a")
    bucket.abort_multipart_upload("key", upload)
    assert list(oss2.MultipartUploadIterator(bucket)) == []


def test_resumable_transfers(bucket: Any, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(os.urandom(5 * MIB + 1))
    store = oss2.ResumableStore(root=str(tmp_path))
    oss2.resumable_upload(
        bucket, KEY, str(source), store, multipart_threshold=MIB, part_size=MIB, num_threads=3
    )
    oss2.resumable_download(
        bucket,
        KEY,
        str(target),
        multiget_threshold=MIB,
        part_size=MIB,
        num_threads=3,
        store=oss2.ResumableDownloadStore(root=str(tmp_path)),
    )
    assert source.read_bytes() == target.read_bytes()


def test_presigned_requests(bucket: Any) -> None:
    put = bucket.sign_url("PUT", KEY, 60, headers={"Content-Type": "text/plain"})
    sent = HTTP.request("PUT", put, body=b"data", headers={"Content-Type": "text/plain"})
    assert sent.status == 200
    name = {"response-content-disposition": 'attachment; filename="a b"'}
    got = HTTP.request("GET", bucket.sign_url("GET", KEY, 60, params=name))
    assert (got.status, got.data) == (200, b"data")
    assert got.headers["content-disposition"] == 'attachment; filename="a b"'
    assert HTTP.request("GET", put).status == 403


def test_temporary_keys(bucket: Any) -> None:
    bucket.put_object("key", b"data")
    version = "v4" if bucket.bucket_name.endswith("v4") else "v1"

    def temporary(token: str | None, name: str = "temporary") -> Any:
        sts = oss2.StsAuth(name, KEYS[name].secret, token, version)
        return bucket_of(bucket.endpoint, sts, bucket.bucket_name, bucket.session)

    found = temporary(KEYS["temporary"].security_token)
    assert found.get_object("key").read() == b"data"
    url = found.sign_url("GET", "key", 60)
    assert HTTP.request("GET", url).data == b"data"
    with pytest.raises(oss2.exceptions.ServerError) as refused:
        temporary("other").get_object("key")
    assert refused.value.code == "InvalidSecurityToken"
    with pytest.raises(oss2.exceptions.ServerError) as refused:
        temporary(KEYS["expired"].security_token, "expired").get_object("key")
    assert (refused.value.status, refused.value.code) == (403, "SecurityTokenExpired")


def test_buckets_belong_to_accounts(bucket: Any) -> None:
    version = "v4" if bucket.bucket_name.endswith("v4") else "v1"
    stranger = auth(version, "theirs")
    found = bucket_of(bucket.endpoint, stranger, bucket.bucket_name, bucket.session)
    bucket.put_object("key", b"data")
    for act in (
        lambda: found.get_object("key"),
        lambda: found.put_object("key", b""),
        lambda: found.delete_object("key"),
        found.list_objects,
        found.get_bucket_info,
        found.delete_bucket,
    ):
        with pytest.raises(oss2.exceptions.AccessDenied):
            act()
    with pytest.raises(oss2.exceptions.ServerError) as refused:
        found.create_bucket()
    assert refused.value.code == "BucketAlreadyExists"
    bucket.create_bucket()
    listed = oss2.BucketIterator(service_of(bucket, stranger))
    assert [info.name for info in listed] == []


def test_wrong_secrets_are_told_from_unknown_keys(bucket: Any) -> None:
    version = "v4" if bucket.bucket_name.endswith("v4") else "v1"
    wrong = oss2.make_auth("mine", "not my secret", version)
    refused_bucket = bucket_of(bucket.endpoint, wrong, bucket.bucket_name, bucket.session)
    with pytest.raises(oss2.exceptions.SignatureDoesNotMatch):
        refused_bucket.get_bucket_info()
    unknown = oss2.make_auth("nobody", "secret", version)
    refused_bucket = bucket_of(bucket.endpoint, unknown, bucket.bucket_name, bucket.session)
    with pytest.raises(oss2.exceptions.ServerError) as refused:
        refused_bucket.get_bucket_info()
    assert refused.value.code == "InvalidAccessKeyId"


def test_configuration_that_nobody_made(bucket: Any) -> None:
    for read, error in (
        (bucket.get_bucket_lifecycle, oss2.exceptions.NoSuchLifecycle),
        (bucket.get_bucket_website, oss2.exceptions.NoSuchWebsite),
        (bucket.get_bucket_cors, oss2.exceptions.NoSuchCors),
        (bucket.get_bucket_encryption, oss2.exceptions.NoSuchServerSideEncryptionRule),
    ):
        with pytest.raises(error):
            read()
    assert bucket.get_bucket_versioning().status is None
    assert bucket.get_bucket_tagging().tag_set.tagging_rule == {}
    assert bucket.get_bucket_logging().target_bucket == ""
    assert bucket.get_bucket_referer().referers == []
    bucket.delete_bucket_lifecycle()
    with pytest.raises(oss2.exceptions.ServerError) as refused:
        bucket.put_bucket_logging(oss2.models.BucketLogging(bucket.bucket_name, "logs/"))
    assert refused.value.code == "NotImplemented"


def test_appending_is_refused_clearly(bucket: Any) -> None:
    with pytest.raises(oss2.exceptions.ServerError) as refused:
        bucket.append_object("key", 0, b"data")
    assert refused.value.code == "NotImplemented"
    assert "AppendObject is not supported" in refused.value.message


@pytest.mark.parametrize("kept", [("IA", "LRS"), ("Standard", "ZRS")])
def test_a_bucket_of_a_kind_that_there_is_not_is_refused(
    bucket: Any, kept: tuple[str, str]
) -> None:
    """Terraform would replace a bucket that comes back as another kind, again and again."""
    other = bucket_of(bucket.endpoint, bucket.auth, "another-kind", bucket.session)
    with pytest.raises(oss2.exceptions.ServerError, match="NotImplemented"):
        other.create_bucket(input=oss2.models.BucketCreateConfig(*kept))
    bucket.create_bucket(input=oss2.models.BucketCreateConfig("Standard", "LRS"))


def test_a_bucket_with_objects_stays(bucket: Any) -> None:
    bucket.put_object("key", b"x")
    with pytest.raises(oss2.exceptions.BucketNotEmpty):
        bucket.delete_bucket()
