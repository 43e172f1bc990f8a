"""The calls on one bucket of Alibaba Cloud OSS, by its own SDK, signed with version 4."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import alibabacloud_oss_v2 as oss
from alibabacloud_oss_v2.exceptions import BaseError, OperationError, ServiceError
from alibabacloud_oss_v2.transport import RequestsHttpClient

from imageferry.buckets.interface import (
    ObjectChangedError,
    ObjectInfo,
    ObjectNotFoundError,
    PartInfo,
    StoreError,
)
from imageferry.buckets.part_checks import Crc64Check, PartCheck
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

_CONNECTIONS = 32
_TAKEN = "FileAlreadyExists"


class AlibabaOssClient:
    """The calls on one bucket of OSS.

    Args:
        bucket: The bucket's name there.
        credentials: What OSS knows us by.
        region: The region's id, for which requests are signed.
        endpoint: The URL of OSS; empty: the public one of the region.
        path_style: Whether the bucket's name is in the path of a URL, not in its host.
        patience: How long the small calls may take; what the store needs long for has longer.
    """

    least_part = 100 << 10

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
            return oss.Client(
                oss.config.Config(
                    region=region,
                    endpoint=endpoint or None,
                    signature_version="v4",
                    credentials_provider=oss.credentials.StaticCredentialsProvider(
                        credentials.access_key_id, credentials.access_key_secret
                    ),
                    retry_max_attempts=patience.attempts,
                    retryer=_ObservedRetries(),
                    http_client=_http_client(patience),
                    use_path_style=path_style,
                )
            )

        self._client = client(patience)
        self._patient_client = self._client if patience == PATIENT else client(PATIENT)

    def head(self, key: str) -> ObjectInfo:
        """What is known of an object."""
        with _called("HeadObject"):
            found = self._client.head_object(oss.HeadObjectRequest(bucket=self._bucket, key=key))
        return ObjectInfo(
            key=key,
            size=found.content_length,
            etag=_unquoted(found.etag),
            modified=_utc(found.last_modified),
            content_type=found.content_type or DEFAULT_CONTENT_TYPE,
            crc64=_number(found.hash_crc64),
            metadata=decoded_metadata(found.metadata or {}),
        )

    def list(self, prefix: str, after: str) -> Iterator[ObjectInfo]:
        """The objects whose key begins with ``prefix`` and is greater than ``after``, by key."""
        with _called("ListObjectsV2"):
            request = oss.ListObjectsV2Request(
                bucket=self._bucket, prefix=prefix, start_after=after, encoding_type="url"
            )
            for page in self._client.list_objects_v2_paginator().iter_page(request):
                for found in page.contents or ():
                    yield ObjectInfo(
                        key=found.key,
                        size=found.size,
                        etag=_unquoted(found.etag),
                        modified=_utc(found.last_modified),
                    )

    def read(self, key: str) -> bytes:
        """The bytes of a small object."""
        with _called("GetObject"):
            found = self._client.get_object(oss.GetObjectRequest(bucket=self._bucket, key=key))
            with found.body as body:
                data: bytes = body.read()
        return data

    def create(self, key: str, data: bytes) -> bool:
        """Store a small object unless the key is taken, and say whether it was stored."""
        request = oss.PutObjectRequest(
            bucket=self._bucket, key=key, body=data, forbid_overwrite="true"
        )
        with _called("PutObject"):
            try:
                self._client.put_object(request)
            except OperationError as error:
                if getattr(error.unwrap(), "code", "") == _TAKEN:
                    return False
                raise
        return True

    def delete(self, key: str, *, if_match: str = "") -> None:
        """Delete an object; no error where there is none, unless it is to have an ETag.

        OSS knows no condition for this: the object is looked at right before.
        """
        if if_match and self._etag(key) != if_match:
            raise ObjectChangedError(f"the object {key!r} is no longer {if_match!r}")
        with _called("DeleteObject"):
            self._client.delete_object(oss.DeleteObjectRequest(bucket=self._bucket, key=key))

    def start_upload(
        self, key: str, *, content_type: str, metadata: Mapping[str, str]
    ) -> StartedUpload:
        """Begin a multipart upload."""
        request = oss.InitiateMultipartUploadRequest(
            bucket=self._bucket,
            key=key,
            content_type=content_type,
            metadata=encoded_metadata(metadata),
        )
        retries = _ObservedRetries()
        with _called("InitiateMultipartUpload"):
            started = self._client.initiate_multipart_upload(request, retryer=retries)
        return StartedUpload(started.upload_id, retries.seen)

    def parts(self, key: str, upload_id: str) -> Sequence[PartInfo]:
        """The parts of an upload, by number."""
        request = oss.ListPartsRequest(bucket=self._bucket, key=key, upload_id=upload_id)
        with _called("ListParts"):
            return [
                PartInfo(
                    number=part.part_number,
                    size=part.size,
                    etag=_unquoted(part.etag),
                    modified=_utc(part.last_modified),
                    crc64=_number(part.hash_crc64),
                )
                for page in self._client.list_parts_paginator().iter_page(request)
                for part in page.parts or ()
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
        request = oss.UploadPartCopyRequest(
            bucket=self._bucket,
            key=key,
            upload_id=upload_id,
            part_number=number,
            source_key=source_key,
            source_range=f"bytes={start}-{start + length - 1}",
            if_match=f'"{if_match}"' if if_match else None,
        )
        with _called("UploadPartCopy"):
            return _unquoted(self._patient_client.upload_part_copy(request).etag)

    def replace_metadata(self, info: ObjectInfo) -> str:
        """Give an object the metadata and media type of ``info``, and return its ETag."""
        request = oss.CopyObjectRequest(
            bucket=self._bucket,
            key=info.key,
            source_key=info.key,
            if_match=f'"{info.etag}"',
            content_type=info.content_type,
            metadata=encoded_metadata(info.metadata),
            metadata_directive="REPLACE",
        )
        with _called("CopyObject"):
            return _unquoted(self._patient_client.copy_object(request).etag)

    def complete_upload(
        self, key: str, upload_id: str, parts: Sequence[tuple[int, str]], *, overwrite: bool
    ) -> str:
        """Make the object of the parts ``(number, etag)``, and return its ETag."""
        named = [oss.UploadPart(part_number=number, etag=f'"{etag}"') for number, etag in parts]
        request = oss.CompleteMultipartUploadRequest(
            bucket=self._bucket,
            key=key,
            upload_id=upload_id,
            complete_multipart_upload=oss.CompleteMultipartUpload(parts=named),
            forbid_overwrite=_forbidden(overwrite),
        )
        with _called("CompleteMultipartUpload"):
            return _unquoted(self._patient_client.complete_multipart_upload(request).etag)

    def abort_upload(self, key: str, upload_id: str) -> None:
        """Forget an upload and its parts."""
        request = oss.AbortMultipartUploadRequest(bucket=self._bucket, key=key, upload_id=upload_id)
        with _called("AbortMultipartUpload"):
            self._client.abort_multipart_upload(request)

    def uploads(self, prefix: str) -> Iterator[RemoteUploadInfo]:
        """The multipart uploads whose key begins with ``prefix``."""
        request = oss.ListMultipartUploadsRequest(
            bucket=self._bucket, prefix=prefix, encoding_type="url"
        )
        with _called("ListMultipartUploads"):
            for page in self._client.list_multipart_uploads_paginator().iter_page(request):
                for found in page.uploads or ():
                    yield RemoteUploadInfo(found.key, found.upload_id, _utc(found.initiated))

    def sign_get(self, key: str) -> SignedUrl:
        """A URL to read an object from."""
        return self._signed(oss.GetObjectRequest(bucket=self._bucket, key=key))

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
        return self._signed(
            oss.PutObjectRequest(
                bucket=self._bucket,
                key=key,
                content_md5=content_md5,
                content_type=content_type,
                metadata=encoded_metadata(metadata),
                forbid_overwrite=_forbidden(overwrite),
            )
        )

    def part_check(self) -> Crc64Check:
        """The checksum that the store confirms."""
        return Crc64Check()

    def sign_part(self, key: str, upload_id: str, number: int, check: PartCheck) -> SignedUrl:
        """A URL to store a part at whose bytes the check has taken in."""
        signed = self._signed(
            oss.UploadPartRequest(
                bucket=self._bucket, key=key, upload_id=upload_id, part_number=number
            )
        )
        return SignedUrl(signed.url, {**signed.headers, **check.headers})

    def _etag(self, key: str) -> str:
        try:
            return self.head(key).etag
        except ObjectNotFoundError:
            return ""

    def _signed(self, request: object) -> SignedUrl:
        with _translated("a signature"):
            signed = self._client.presign(request, expires=timedelta(seconds=URL_SECONDS))
        return SignedUrl(signed.url, dict(signed.signed_headers or {}))


class _ObservedRetries(oss.retry.StandardRetryer):  # type: ignore[misc]  # it has no types
    """When the SDK makes requests again.

    Attributes:
        seen: Whether it has.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seen = False

    def retry_delay(self, attempt: int, error: Exception) -> float:
        """How many seconds after a failure a request is made again, which it is then."""
        self.seen = True
        repeated(error)
        seconds: float = super().retry_delay(attempt, error)
        return seconds


def _http_client(patience: Patience) -> Any:
    """The SDK's own HTTP client, without the proxies and passwords of the environment."""
    client = RequestsHttpClient(
        connect_timeout=patience.connect_seconds,
        readwrite_timeout=patience.read_seconds,
        max_connections=_CONNECTIONS,
    )
    client.open()
    client.session.trust_env = False
    client.session.hooks["response"].append(_check_answer)
    return client


def _check_answer(response: Any, **_: object) -> None:
    try:
        refuse_page(response.status_code, response.headers, "a request")
    except RemoteStoreError:
        response.close()
        raise


@contextmanager
def _called(operation: str) -> Iterator[None]:
    """A call over the network."""
    with observed(operation), _translated(operation):
        yield


@contextmanager
def _translated(operation: str) -> Iterator[None]:
    try:
        yield
    except OperationError as error:
        cause = error.unwrap()
        if isinstance(cause, StoreError):
            raise cause from error
        if isinstance(cause, ServiceError):
            raise _refusal(cause, operation) from error
        raise unreachable(operation, cause) from error
    except BaseError as error:
        raise unreachable(operation, error) from error


def _refusal(error: Any, operation: str) -> StoreError:
    return refusal(error.status_code, error.code or "", operation)


def _forbidden(overwrite: bool) -> str | None:
    return None if overwrite else "true"


def _unquoted(etag: str) -> str:
    return etag.strip('"')


def _utc(time: datetime) -> datetime:
    return time.astimezone(UTC)


def _number(text: str | None) -> int | None:
    return int(text) if text else None
