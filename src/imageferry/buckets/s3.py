"""The calls on one bucket of an S3-compatible store, by boto3."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    IncompleteReadError,
    ResponseStreamingError,
)

from imageferry.buckets.interface import ObjectInfo, PartInfo, StoreError
from imageferry.buckets.part_checks import Crc32Check, PartCheck
from imageferry.buckets.remote_client import (
    PATIENT,
    URL_SECONDS,
    Credentials,
    Patience,
    RemoteUploadInfo,
    SignedUrl,
    StartedUpload,
    decoded_metadata,
    encoded_metadata,
)
from imageferry.buckets.remote_errors import RemoteStoreError, refusal, refuse_page, unreachable
from imageferry.buckets.remote_observed import observed, repeated
from imageferry.buckets.sidecars import DEFAULT_CONTENT_TYPE

_MAKING = threading.Lock()
"""A session is not safe in threads; the clients that it makes are."""

_CONNECTIONS = 32
_TAKEN = frozenset({409, 412})
_BROKEN_OFF = (ResponseStreamingError, IncompleteReadError)
"""For answers that end before their time. The library makes no request again for these."""

_FAILURE = "imageferry_failure"
"""Where the answer to a request is kept for the one that is made in its place."""

_IF_ABSENT = {"IfNoneMatch": "*"}


class S3Client:
    """The calls on one bucket of an S3-compatible store.

    Args:
        bucket: The bucket's name there.
        credentials: What the store knows us by.
        region: The region that requests are signed for.
        endpoint: The store's URL; empty: that of Amazon S3 in the region.
        path_style: Whether the bucket's name is in the path of a URL, not in its host.
        patience: How long the small calls may take; what the store needs long for has longer.
    """

    least_part = 5 << 20

    def __init__(
        self,
        bucket: str,
        credentials: Credentials,
        *,
        region: str,
        endpoint: str = "",
        path_style: bool = False,
        patience: Patience = PATIENT,
    ) -> None:
        self._bucket = bucket

        def client(patience: Patience) -> Any:
            with _MAKING:
                made = _session().client(
                    "s3",
                    region_name=region,
                    endpoint_url=endpoint or None,
                    aws_access_key_id=credentials.access_key_id,
                    aws_secret_access_key=credentials.access_key_secret,
                    config=_config(patience, path_style=path_style),
                )
            made.meta.events.register_first("before-parse.s3", _check_answer)
            made.meta.events.register("response-received.s3", _note_failure)
            made.meta.events.register("request-created.s3", _note_repetition)
            return made

        self._attempts = patience.attempts
        self._client = client(patience)
        self._patient_client = self._client if patience == PATIENT else client(PATIENT)

    def head(self, key: str) -> ObjectInfo:
        """What is known of an object."""
        with _called("HeadObject"):
            found = self._client.head_object(Bucket=self._bucket, Key=key)
        return ObjectInfo(
            key=key,
            size=found["ContentLength"],
            etag=_unquoted(found["ETag"]),
            modified=found["LastModified"].astimezone(UTC),
            content_type=found.get("ContentType", DEFAULT_CONTENT_TYPE),
            metadata=decoded_metadata(found["Metadata"]),
        )

    def list(self, prefix: str, after: str) -> Iterator[ObjectInfo]:
        """The objects whose key begins with ``prefix`` and is greater than ``after``, by key."""
        for page in self._pages("list_objects_v2", Prefix=prefix, StartAfter=after):
            for found in page.get("Contents", ()):
                yield ObjectInfo(
                    key=found["Key"],
                    size=found["Size"],
                    etag=_unquoted(found["ETag"]),
                    modified=found["LastModified"].astimezone(UTC),
                )

    def read(self, key: str) -> bytes:
        """The bytes of a small object."""
        with _called("GetObject"):
            for _ in range(1, self._attempts):
                try:
                    return self._read(key)
                except _BROKEN_OFF as error:
                    repeated(error)
            return self._read(key)

    def _read(self, key: str) -> bytes:
        data: bytes = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return data

    def create(self, key: str, data: bytes) -> bool:
        """Store a small object unless the key is taken, and say whether it was stored."""
        with _called("PutObject"):
            try:
                self._client.put_object(Bucket=self._bucket, Key=key, Body=data, IfNoneMatch="*")
            except ClientError as error:
                if _status(error) in _TAKEN:
                    return False
                raise
        return True

    def delete(self, key: str, *, if_match: str = "") -> None:
        """Delete an object; no error where there is none, unless it is to have an ETag."""
        condition = {"IfMatch": f'"{if_match}"'} if if_match else {}
        with _called("DeleteObject"):
            self._client.delete_object(Bucket=self._bucket, Key=key, **condition)

    def start_upload(
        self, key: str, *, content_type: str, metadata: Mapping[str, str]
    ) -> StartedUpload:
        """Begin a multipart upload."""
        with _called("CreateMultipartUpload"):
            started = self._client.create_multipart_upload(
                Bucket=self._bucket,
                Key=key,
                ContentType=content_type,
                Metadata=encoded_metadata(metadata),
                # Checksums of parts are refused unless the upload was begun with them, and those of
                # the whole object's kind need not be told once more at its end.
                ChecksumAlgorithm="CRC32",
                ChecksumType="FULL_OBJECT",
            )
        return StartedUpload(
            started["UploadId"], repeated=started["ResponseMetadata"]["RetryAttempts"] > 0
        )

    def parts(self, key: str, upload_id: str) -> Sequence[PartInfo]:
        """The parts of an upload, by number."""
        return [
            PartInfo(
                number=part["PartNumber"],
                size=part["Size"],
                etag=_unquoted(part["ETag"]),
                modified=part["LastModified"].astimezone(UTC),
            )
            for page in self._pages("list_parts", Key=key, UploadId=upload_id)
            for part in page.get("Parts", ())
        ]

    def copy_part(
        self,
        key: str,
        upload_id: str,
        number: int,
        source_key: str,
        length: int,
        *,
        start: int = 0,
        if_match: str = "",
    ) -> str:
        """Let the store make a part of bytes of an object, and return its ETag."""
        with _called("UploadPartCopy"):
            copied = self._patient_client.upload_part_copy(
                Bucket=self._bucket,
                Key=key,
                UploadId=upload_id,
                PartNumber=number,
                CopySource={"Bucket": self._bucket, "Key": source_key},
                CopySourceRange=f"bytes={start}-{start + length - 1}",
                **({"CopySourceIfMatch": f'"{if_match}"'} if if_match else {}),
            )
        return _unquoted(copied["CopyPartResult"]["ETag"])

    def replace_metadata(self, info: ObjectInfo) -> str:
        """Give an object the metadata and media type of ``info``, and return its ETag."""
        with _called("CopyObject"):
            self._patient_client.copy_object(
                Bucket=self._bucket,
                Key=info.key,
                CopySource={"Bucket": self._bucket, "Key": info.key},
                CopySourceIfMatch=f'"{info.etag}"',
                Metadata=encoded_metadata(info.metadata),
                ContentType=info.content_type,
                MetadataDirective="REPLACE",
            )
        return self.head(info.key).etag

    def complete_upload(
        self, key: str, upload_id: str, parts: Sequence[tuple[int, str]], *, overwrite: bool
    ) -> str:
        """Make the object of the parts ``(number, etag)``, and return its ETag."""
        named = [{"PartNumber": number, "ETag": f'"{etag}"'} for number, etag in parts]
        with _called("CompleteMultipartUpload"):
            completed = self._patient_client.complete_multipart_upload(
                Bucket=self._bucket,
                Key=key,
                UploadId=upload_id,
                MultipartUpload={"Parts": named},
                **({} if overwrite else _IF_ABSENT),
            )
        return _unquoted(completed["ETag"])

    def abort_upload(self, key: str, upload_id: str) -> None:
        """Forget an upload and its parts."""
        with _called("AbortMultipartUpload"):
            self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload_id)

    def uploads(self, prefix: str) -> Iterator[RemoteUploadInfo]:
        """The multipart uploads whose key begins with ``prefix``."""
        for page in self._pages("list_multipart_uploads", Prefix=prefix):
            for found in page.get("Uploads", ()):
                yield RemoteUploadInfo(
                    found["Key"], found["UploadId"], found["Initiated"].astimezone(UTC)
                )

    def sign_get(self, key: str) -> SignedUrl:
        """A URL to read an object from."""
        return SignedUrl(self._signed("get_object", Key=key))

    def sign_put(
        self,
        key: str,
        *,
        content_md5: str,
        content_type: str,
        metadata: Mapping[str, str],
        overwrite: bool,
    ) -> SignedUrl:
        """A URL to store an object at."""
        encoded = encoded_metadata(metadata)
        url = self._signed(
            "put_object",
            Key=key,
            ContentMD5=content_md5,
            ContentType=content_type,
            Metadata=encoded,
            **({} if overwrite else _IF_ABSENT),
        )
        headers = {f"x-amz-meta-{name}": value for name, value in encoded.items()}
        if not overwrite:
            headers["If-None-Match"] = "*"
        return SignedUrl(url, {"Content-MD5": content_md5, "Content-Type": content_type, **headers})

    def part_check(self) -> Crc32Check:
        """The checksum that the store confirms."""
        return Crc32Check()

    def sign_part(self, key: str, upload_id: str, number: int, check: PartCheck) -> SignedUrl:
        """A URL to store a part at whose bytes the check has taken in."""
        url = self._signed(
            "upload_part",
            Key=key,
            UploadId=upload_id,
            PartNumber=number,
            ChecksumCRC32=check.headers[Crc32Check.HEADER],
        )
        return SignedUrl(url, check.headers)

    def _signed(self, operation: str, **parameters: object) -> str:
        with _translated("a signature"):
            url: str = self._client.generate_presigned_url(
                operation, Params={"Bucket": self._bucket, **parameters}, ExpiresIn=URL_SECONDS
            )
        return url

    def _pages(self, operation: str, **parameters: object) -> Iterator[dict[str, Any]]:
        with _called(self._client.meta.method_to_api_mapping[operation]):
            yield from self._client.get_paginator(operation).paginate(
                Bucket=self._bucket, **parameters
            )


@cache
def _session() -> boto3.session.Session:
    """What makes all clients: one of its own would cost each 12 MiB and 70 ms of processor time."""
    return boto3.session.Session()


def _config(patience: Patience, *, path_style: bool) -> Config:
    return Config(
        signature_version="s3v4",
        connect_timeout=patience.connect_seconds,
        read_timeout=patience.read_seconds,
        retries={"mode": "standard", "total_max_attempts": patience.attempts},
        max_pool_connections=_CONNECTIONS,
        proxies={},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": "path" if path_style else "virtual"},
    )


def _check_answer(*, operation_model: Any, response_dict: Mapping[str, Any], **_: object) -> None:
    try:
        refuse_page(response_dict["status_code"], response_dict["headers"], operation_model.name)
    except RemoteStoreError:
        if operation_model.has_streaming_output:
            response_dict["body"].close()
        raise


def _note_failure(
    *,
    context: dict[str, Any],
    exception: Exception | None,
    parsed_response: Mapping[str, Any] | None,
    **_: object,
) -> None:
    context[_FAILURE] = exception or (parsed_response or {}).get("Error", {}).get("Code", "")


def _note_repetition(*, request: Any, **_: object) -> None:
    if _FAILURE in request.context:
        repeated(request.context[_FAILURE])


@contextmanager
def _called(operation: str) -> Iterator[None]:
    """A call over the network."""
    with observed(operation), _translated(operation):
        yield


@contextmanager
def _translated(operation: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        raise _refusal(error, operation) from error
    except BotoCoreError as error:
        raise unreachable(operation, error) from error


def _refusal(error: ClientError, operation: str) -> StoreError:
    return refusal(_status(error), error.response.get("Error", {}).get("Code", ""), operation)


def _status(error: ClientError) -> int:
    status: int = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status


def _unquoted(etag: str) -> str:
    return etag.strip('"')
