"""The official Python SDK alibabacloud-oss-v2, with both signatures."""

import datetime
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import alibabacloud_oss_v2 as oss
import pytest
import urllib3

from integration.oss.service import KEYS, Service

BUCKET = "bucket-sdk2"
KEY = "a folder/дis k+%&=.qcow2"
PART = b"p" * (100 << 10)
"""The least that OSS takes for a part that is not the last."""
MIB = 1 << 20
HTTP = urllib3.PoolManager()


HTTP_CLIENTS: list[Any] = []


@pytest.fixture(scope="module", autouse=True)
def http_client() -> Iterator[None]:
    HTTP_CLIENTS.append(oss.transport.RequestsHttpClient())
    yield
    HTTP_CLIENTS.pop().close()


def client_of(service: Service, version: str, key: str = "mine", **more: Any) -> Any:
    found = KEYS[key]
    provider = oss.credentials.StaticCredentialsProvider(key, found.secret, found.security_token)
    config = oss.config.load_default()
    config.credentials_provider = provider
    config.region = "cn-hangzhou"
    config.endpoint = service.endpoint
    config.signature_version = version
    config.retry_max_attempts = 1
    config.http_client = HTTP_CLIENTS[-1]
    for name, value in more.items():
        setattr(config, name, value)
    return oss.Client(config)


@pytest.fixture(params=["v1", "v4"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def client(service: Service, version: str) -> Iterator[Any]:
    found = client_of(service, version)
    found.put_bucket(oss.PutBucketRequest(bucket=BUCKET))
    yield found
    for page in found.list_objects_v2_paginator().iter_page(
        oss.ListObjectsV2Request(bucket=BUCKET)
    ):
        for item in page.contents or []:
            found.delete_object(oss.DeleteObjectRequest(bucket=BUCKET, key=item.key))
    found.delete_bucket(oss.DeleteBucketRequest(bucket=BUCKET))


def put(client: Any, key: str, body: bytes, **more: Any) -> Any:
    return client.put_object(oss.PutObjectRequest(bucket=BUCKET, key=key, body=body, **more))


def get(client: Any, key: str, **more: Any) -> bytes:
    found = client.get_object(oss.GetObjectRequest(bucket=BUCKET, key=key, **more))
    return bytes(found.body.content)


def code(refused: Any) -> str:
    cause = refused.value.unwrap()
    assert isinstance(cause, oss.exceptions.ServiceError)
    return str(cause.code)


def test_buckets(client: Any) -> None:
    pages = client.list_buckets_paginator(limit=1).iter_page(oss.ListBucketsRequest())
    assert BUCKET in [item.name for page in pages for item in page.buckets or []]
    info = client.get_bucket_info(oss.GetBucketInfoRequest(bucket=BUCKET)).bucket_info
    assert (info.name, info.location, info.acl) == (BUCKET, "oss-cn-hangzhou", "private")
    location = client.get_bucket_location(oss.GetBucketLocationRequest(bucket=BUCKET))
    assert location.location == "oss-cn-hangzhou"
    assert client.is_bucket_exist(BUCKET)
    assert not client.is_bucket_exist("no-bucket")
    put(client, "a", b"12345")
    stat = client.get_bucket_stat(oss.GetBucketStatRequest(bucket=BUCKET))
    assert (stat.object_count, stat.storage) == (1, 5)


def test_an_object_there_and_back(client: Any) -> None:
    data = os.urandom(3 * MIB + 7)
    stored = put(client, KEY, data, metadata={"origin": "here"}, content_type="a/b")
    assert get(client, KEY) == data
    head = client.head_object(oss.HeadObjectRequest(bucket=BUCKET, key=KEY))
    assert (head.content_length, head.content_type) == (len(data), "a/b")
    assert (head.metadata, head.etag) == ({"origin": "here"}, stored.etag)
    assert head.hash_crc64 == stored.hash_crc64
    meta = client.get_object_meta(oss.GetObjectMetaRequest(bucket=BUCKET, key=KEY))
    assert meta.content_length == len(data)
    assert client.is_object_exist(BUCKET, KEY)
    assert not client.is_object_exist(BUCKET, "none")


def test_ranges_and_conditions(client: Any) -> None:
    etag = put(client, "key", b"0123456789").etag
    assert get(client, "key", range_header="bytes=2-4") == b"234"
    assert get(client, "key", range_header="bytes=8-20", range_behavior="standard") == b"89"
    assert get(client, "key", if_match=etag) == b"0123456789"
    with pytest.raises(oss.exceptions.OperationError) as refused:
        get(client, "key", if_match='"OTHER"')
    assert code(refused) == "PreconditionFailed"
    with pytest.raises(oss.exceptions.OperationError) as refused:
        get(client, "key", range_header="bytes=10-", range_behavior="standard")
    assert code(refused) == "InvalidRange"


def test_listing(client: Any) -> None:
    keys = ["a", "a/1", "a/2", "b\n", "c/d/e", "ü"]
    for key in keys:
        put(client, key, b"x")
    pages = client.list_objects_paginator(limit=2).iter_page(oss.ListObjectsRequest(bucket=BUCKET))
    assert [item.key for page in pages for item in page.contents or []] == keys
    request = oss.ListObjectsV2Request(bucket=BUCKET, delimiter="/")
    found = list(client.list_objects_v2_paginator(limit=2).iter_page(request))
    assert [item.key for page in found for item in page.contents or []] == ["a", "b\n", "ü"]
    assert [item.prefix for page in found for item in page.common_prefixes or []] == ["a/", "c/"]


def test_copy_and_delete_many(client: Any) -> None:
    put(client, KEY, b"data", metadata={"a": "1"})
    client.copy_object(oss.CopyObjectRequest(bucket=BUCKET, key="copy", source_key=KEY))
    assert get(client, "copy") == b"data"
    request = oss.DeleteMultipleObjectsRequest(
        bucket=BUCKET, objects=[oss.DeleteObject(key=key) for key in (KEY, "copy", "none")]
    )
    deleted = client.delete_multiple_objects(request).deleted_objects
    assert [item.key for item in deleted] == [KEY, "copy", "none"]
    quiet = oss.DeleteMultipleObjectsRequest(
        bucket=BUCKET, objects=[oss.DeleteObject(key="none")], quiet=True
    )
    assert not client.delete_multiple_objects(quiet).deleted_objects


def test_multipart_by_hand(client: Any) -> None:
    put(client, "source", b"s" * MIB)
    upload = client.initiate_multipart_upload(
        oss.InitiateMultipartUploadRequest(bucket=BUCKET, key=KEY)
    ).upload_id
    first = client.upload_part(
        oss.UploadPartRequest(bucket=BUCKET, key=KEY, upload_id=upload, part_number=1, body=PART)
    )
    second = client.upload_part_copy(
        oss.UploadPartCopyRequest(
            bucket=BUCKET,
            key=KEY,
            upload_id=upload,
            part_number=2,
            source_bucket=BUCKET,
            source_key="source",
            source_range="bytes=0-9",
        )
    )
    listed = client.list_parts(oss.ListPartsRequest(bucket=BUCKET, key=KEY, upload_id=upload))
    assert [(part.part_number, part.size) for part in listed.parts] == [(1, len(PART)), (2, 10)]
    uploads = client.list_multipart_uploads(oss.ListMultipartUploadsRequest(bucket=BUCKET))
    assert [(item.key, item.upload_id) for item in uploads.uploads] == [(KEY, upload)]
    parts = [
        oss.UploadPart(part_number=number, etag=part.etag)
        for number, part in ((1, first), (2, second))
    ]
    client.complete_multipart_upload(
        oss.CompleteMultipartUploadRequest(
            bucket=BUCKET,
            key=KEY,
            upload_id=upload,
            complete_multipart_upload=oss.CompleteMultipartUpload(parts=parts),
        )
    )
    assert get(client, KEY) == PART + b"s" * 10


def test_an_upload_completed_of_all_its_parts(client: Any) -> None:
    upload = client.initiate_multipart_upload(
        oss.InitiateMultipartUploadRequest(bucket=BUCKET, key="key")
    ).upload_id
    for number in (2, 1):
        client.upload_part(
            oss.UploadPartRequest(
                bucket=BUCKET,
                key="key",
                upload_id=upload,
                part_number=number,
                body=PART + str(number).encode(),
            )
        )
    client.complete_multipart_upload(
        oss.CompleteMultipartUploadRequest(
            bucket=BUCKET, key="key", upload_id=upload, complete_all="yes"
        )
    )
    assert get(client, "key") == PART + b"1" + PART + b"2"


def test_uploader_downloader_and_copier(client: Any, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(os.urandom(3 * MIB + 1))
    uploader = client.uploader(part_size=MIB, parallel_num=3)
    uploader.upload_file(oss.PutObjectRequest(bucket=BUCKET, key=KEY), str(source))
    downloader = client.downloader(part_size=MIB, parallel_num=3)
    downloader.download_file(oss.GetObjectRequest(bucket=BUCKET, key=KEY), str(target))
    assert source.read_bytes() == target.read_bytes()
    copier = client.copier(part_size=MIB, parallel_num=3, multipart_copy_threshold=MIB)
    request = oss.CopyObjectRequest(bucket=BUCKET, key="copy", source_key=KEY, source_bucket=BUCKET)
    copier.copy(request)
    assert get(client, "copy") == source.read_bytes()


def test_presigned_requests(client: Any) -> None:
    expires = datetime.timedelta(seconds=60)
    put_url = client.presign(oss.PutObjectRequest(bucket=BUCKET, key=KEY), expires=expires)
    sent = HTTP.request("PUT", put_url.url, body=b"data", headers=put_url.signed_headers)
    assert sent.status == 200, sent.data
    get_url = client.presign(oss.GetObjectRequest(bucket=BUCKET, key=KEY), expires=expires)
    assert HTTP.request("GET", get_url.url, headers=get_url.signed_headers).data == b"data"


def test_temporary_keys(client: Any, service: Service, version: str) -> None:
    put(client, "key", b"data")
    assert get(client_of(service, version, "temporary"), "key") == b"data"
    with pytest.raises(oss.exceptions.OperationError) as refused:
        get(client_of(service, version, "expired"), "key")
    assert code(refused) == "SecurityTokenExpired"


def test_additional_signed_headers(client: Any, service: Service) -> None:
    put(client, "key", b"0123456789")
    strict = client_of(service, "v4", additional_headers=["range", "host"])
    assert get(strict, "key", range_header="bytes=0-1") == b"01"


def test_strangers_are_refused(client: Any, service: Service, version: str) -> None:
    with pytest.raises(oss.exceptions.OperationError) as refused:
        put(client_of(service, version, "theirs"), "key", b"x")
    assert code(refused) == "AccessDenied"


def test_configuration_that_nobody_made(client: Any) -> None:
    for operation, request, expected in (
        (client.get_bucket_lifecycle, oss.GetBucketLifecycleRequest, "NoSuchLifecycle"),
        (client.get_bucket_policy, oss.GetBucketPolicyRequest, "NoSuchBucketPolicy"),
        (client.get_bucket_website, oss.GetBucketWebsiteRequest, "NoSuchWebsiteConfiguration"),
        (client.get_bucket_cors, oss.GetBucketCorsRequest, "NoSuchCORSConfiguration"),
        (
            client.get_bucket_encryption,
            oss.GetBucketEncryptionRequest,
            "NoSuchServerSideEncryptionRule",
        ),
    ):
        with pytest.raises(oss.exceptions.OperationError) as refused:
            operation(request(bucket=BUCKET))
        assert code(refused) == expected
    for operation, request in (
        (client.get_bucket_versioning, oss.GetBucketVersioningRequest),
        (client.get_bucket_tags, oss.GetBucketTagsRequest),
        (client.get_bucket_referer, oss.GetBucketRefererRequest),
        (client.get_bucket_logging, oss.GetBucketLoggingRequest),
        (client.get_bucket_access_monitor, oss.GetBucketAccessMonitorRequest),
        (client.get_bucket_resource_group, oss.GetBucketResourceGroupRequest),
        (client.get_bucket_request_payment, oss.GetBucketRequestPaymentRequest),
    ):
        assert operation(request(bucket=BUCKET)).status_code == 200
