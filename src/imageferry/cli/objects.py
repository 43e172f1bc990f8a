"""Objects in buckets, through the OSS API and its official SDK.

The SDK takes most of a second to import, so only what needs objects imports this module.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import alibabacloud_oss_v2 as oss
from alibabacloud_oss_v2.io_utils import ReadAtReader, SectionReader

from imageferry.cli.client import unreachable
from imageferry.cli.connection import Connection
from imageferry.cli.errors import ApiError, CommandError
from imageferry.cli.file_hash import FileHash
from imageferry.cli.progress import Meter

MIB = 2**20
SINGLE_PUT_BYTES = 32 * MIB
"""Files up to this size go in one request, larger ones in parts, several at a time."""

PARALLEL_PARTS = 4
LEAST_PART_BYTES = 16 * MIB
_MOST_PARTS = 9_000
_READ_BYTES = MIB


@dataclass(frozen=True)
class _Piece:
    """A part of a file: its number from 1, where it begins and its bytes."""

    number: int
    offset: int
    length: int


class Objects:
    """The objects that a key reaches.

    Args:
        connection: Where the API is, and the key.
    """

    def __init__(self, connection: Connection) -> None:
        configuration = oss.config.load_default()
        configuration.credentials_provider = oss.credentials.StaticCredentialsProvider(
            connection.access_key_id, connection.access_key_secret
        )
        configuration.region = connection.region
        configuration.endpoint = connection.oss
        configuration.use_path_style = True
        self._connection = connection
        self._client = oss.Client(configuration)

    def buckets(self) -> list[dict[str, Any]]:
        """The account's buckets.

        Raises:
            ApiError: the API refuses; so do the methods below.
            UnreachableError: it does not answer; so do the methods below.
        """
        with self._errors():
            pages = list(self._client.list_buckets_paginator().iter_page(oss.ListBucketsRequest()))
        return [
            {"Name": found.name, "Region": found.region, "CreationDate": _time(found.creation_date)}
            for page in pages
            for found in page.buckets or []
        ]

    def objects(self, bucket: str, prefix: str) -> list[dict[str, Any]]:
        """The objects of a bucket whose names begin so."""
        request = oss.ListObjectsV2Request(bucket=bucket, prefix=prefix)
        with self._errors():
            pages = list(self._client.list_objects_v2_paginator().iter_page(request))
        return [
            {"Key": found.key, "Size": found.size, "LastModified": _time(found.last_modified)}
            for page in pages
            for found in page.contents or []
        ]

    def make_bucket(self, bucket: str) -> None:
        """Make a bucket; no error where the account has it."""
        with self._errors():
            self._client.put_bucket(oss.PutBucketRequest(bucket=bucket))

    def exists(self, bucket: str, key: str) -> bool:
        """Whether there is an object of that name."""
        with self._errors():
            return bool(self._client.is_object_exist(bucket, key))

    def upload(self, path: Path, bucket: str, key: str, meter: Meter) -> str:
        """Write a file to a new object, and return the SHA-256 that the file has.

        Nothing is left behind where that fails or is interrupted.

        Raises:
            ApiError: among others, the object is there already.
            CommandError: the file cannot be read.
        """
        with self._errors(), _file_errors(path), FileHash(path) as digest:
            if path.stat().st_size <= SINGLE_PUT_BYTES:
                self._put(path, bucket, key, meter)
            else:
                self._put_in_parts(path, bucket, key, meter)
            return digest.result()

    def download(self, bucket: str, key: str, path: Path, meter: Meter, sha256: str | None) -> None:
        """Write an object to a file, which appears only when it is whole.

        Args:
            bucket: The bucket.
            key: The object's name.
            path: The file; one that is there is replaced.
            meter: Told of every byte.
            sha256: The hash that the bytes must have, in hexadecimal, where known.

        Raises:
            CommandError: the file cannot be written, or the bytes are not those.
        """
        with self._errors(), _file_errors(path), _whole_file(path) as file:
            digest = self._receive(bucket, key, file, meter)
            if sha256 is not None and digest != sha256:
                raise CommandError(
                    f"What arrived of oss://{bucket}/{key} has SHA-256 {digest}, and the "
                    f"object was written with {sha256}: download it again."
                )

    def _put(self, path: Path, bucket: str, key: str, meter: Meter) -> None:
        with path.open("rb") as file:
            self._client.put_object(
                oss.PutObjectRequest(
                    bucket=bucket,
                    key=key,
                    body=file,
                    forbid_overwrite=True,
                    progress_fn=_advancing(meter),
                )
            )

    def _put_in_parts(self, path: Path, bucket: str, key: str, meter: Meter) -> None:
        upload = oss.InitiateMultipartUploadRequest(bucket=bucket, key=key, forbid_overwrite=True)
        upload_id = self._client.initiate_multipart_upload(upload).upload_id
        names = {"bucket": bucket, "key": key, "upload_id": upload_id}
        try:
            parts = self._send_parts(path, names, meter)
            complete = oss.CompleteMultipartUploadRequest(
                **names,
                forbid_overwrite=True,
                complete_multipart_upload=oss.CompleteMultipartUpload(parts=parts),
            )
            self._client.complete_multipart_upload(complete)
        except BaseException:
            self._client.abort_multipart_upload(oss.AbortMultipartUploadRequest(**names))
            raise

    def _send_parts(
        self, path: Path, names: Mapping[str, str], meter: Meter
    ) -> list[oss.UploadPart]:
        length = path.stat().st_size
        part_bytes = max(LEAST_PART_BYTES, -(-length // _MOST_PARTS))
        pieces = [
            _Piece(number, offset, min(part_bytes, length - offset))
            for number, offset in enumerate(range(0, length, part_bytes), start=1)
        ]
        with ThreadPoolExecutor(PARALLEL_PARTS) as pool:
            futures = [pool.submit(self._send_part, path, names, piece, meter) for piece in pieces]
            try:
                wait(futures, return_when=FIRST_EXCEPTION)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
            return [future.result() for future in futures if not future.cancelled()]

    def _send_part(
        self, path: Path, names: Mapping[str, str], piece: _Piece, meter: Meter
    ) -> oss.UploadPart:
        with path.open("rb") as file:
            request = oss.UploadPartRequest(
                **names,
                part_number=piece.number,
                body=SectionReader(ReadAtReader(file), piece.offset, piece.length),
                progress_fn=_advancing(meter),
            )
            reply = self._client.upload_part(request)
        return oss.UploadPart(part_number=piece.number, etag=reply.etag)

    def _receive(self, bucket: str, key: str, file: IO[bytes], meter: Meter) -> str:
        digest = hashlib.sha256()
        reply = self._client.get_object(oss.GetObjectRequest(bucket=bucket, key=key))
        with reply.body as body:
            for piece in body.iter_bytes(block_size=_READ_BYTES):
                file.write(piece)
                digest.update(piece)
                meter.advance(len(piece))
        return digest.hexdigest()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn the SDK's errors into the command's."""
        try:
            yield
        except oss.exceptions.OperationError as error:
            cause = error.unwrap()
            if isinstance(cause, oss.exceptions.ServiceError):
                raise _api_error(cause) from error
            if isinstance(cause, oss.exceptions.RequestError | oss.exceptions.ResponseError):
                raise unreachable(self._connection, "OSS", self._connection.oss, cause) from error
            raise CommandError(str(cause)) from error
        except oss.exceptions.BaseError as error:
            raise CommandError(str(error)) from error


def _advancing(meter: Meter) -> Any:
    def advance(count: int, _written: int, _total: int) -> None:
        meter.advance(count)

    return advance


def _api_error(error: Any) -> ApiError:
    fields = error.error_fileds or {}
    return ApiError(
        code=error.code or "",
        message=error.message or "",
        recommend=fields.get("Recommend", "") or _remedy(error.code, fields),
        request_id=error.request_id or "",
        status=error.status_code,
    )


def _remedy(code: str, fields: Mapping[str, str]) -> str:
    """What to do about what a user can mend and the API says no more of."""
    if code != "NoSuchBucket":
        return ""
    return (
        f"The bucket is {fields.get('BucketName', '')!r}: `imageferry buckets` lists those that "
        "there are, and makes one with --create."
    )


def _time(moment: Any) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""


@contextmanager
def _file_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror or error}.") from error


@contextmanager
def _whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to that takes its place when all went well, else leaves nothing."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            yield file
        temporary.rename(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
