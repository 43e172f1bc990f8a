"""One authenticated request and what is needed to carry it out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote

from imageferry.buckets.interface import (
    Bucket,
    BucketExistsError,
    BucketInfo,
    BucketNotEmptyError,
    BucketNotFoundError,
    InvalidBucketNameError,
    InvalidObjectNameError,
    InvalidPartError,
    ObjectChangedError,
    ObjectExistsError,
    ObjectNotFoundError,
    PartTooSmallError,
    Store,
    StoreError,
    UploadNotFoundError,
)
from imageferry.buckets.remote_errors import RemoteStoreError
from imageferry.oss import error_codes
from imageferry.oss.body import CheckedBody
from imageferry.oss.errors import OssError, OssErrorCode
from imageferry.oss.reply import Reply
from imageferry.oss.request import OssRequest

_WHOLE_NUMBER = re.compile(r"[0-9]{1,19}")

_CODES: dict[type[StoreError], OssErrorCode] = {
    BucketExistsError: error_codes.BUCKET_ALREADY_EXISTS,
    BucketNotEmptyError: error_codes.BUCKET_NOT_EMPTY,
    BucketNotFoundError: error_codes.NO_SUCH_BUCKET,
    InvalidBucketNameError: error_codes.INVALID_BUCKET_NAME,
    InvalidObjectNameError: error_codes.INVALID_OBJECT_NAME,
    InvalidPartError: error_codes.INVALID_PART,
    ObjectChangedError: error_codes.PRECONDITION_FAILED,
    ObjectExistsError: error_codes.FILE_ALREADY_EXISTS,
    ObjectNotFoundError: error_codes.NO_SUCH_KEY,
    PartTooSmallError: error_codes.ENTITY_TOO_SMALL,
    UploadNotFoundError: error_codes.NO_SUCH_UPLOAD,
}


@dataclass(frozen=True)
class Call:
    """One request to carry out.

    Attributes:
        request: The request, with its bucket and key.
        body: Its body.
        store: Where the buckets are.
        account_id: The account that sent it.
        region: The region it was signed for; empty where the signature has none.
        regions: The regions that the service answers for; the first is the default.
    """

    request: OssRequest
    body: CheckedBody
    store: Store
    account_id: str
    region: str
    regions: Sequence[str]

    def bucket(self, name: str = "") -> Bucket:
        """The bucket of the request, or the one named, if it belongs to the caller.

        Raises:
            OssError: it does not.
            BucketNotFoundError: there is none.
        """
        bucket = self.store.bucket(name or self.request.bucket)
        if not self.owns(bucket.info):
            raise error_codes.ACCESS_DENIED.error(
                "The bucket you access does not belong to you.", BucketName=bucket.info.name
            )
        return bucket

    def owns(self, bucket: BucketInfo) -> bool:
        """Whether a bucket belongs to the caller."""
        return bucket.owner == self.account_id

    def number(self, name: str, *, default: int | None, least: int, most: int) -> int:
        """A parameter that is a whole number, or its default where it is empty.

        Raises:
            OssError: it is no whole number, or out of bounds, or empty without a default.
        """
        text = self.request.parameter(name) or ""
        if not text and default is not None:
            return default
        if not _WHOLE_NUMBER.fullmatch(text) or not least <= int(text) <= most:
            raise error_codes.INVALID_ARGUMENT.error(
                f"{name} must be a whole number from {least} to {most}.",
                ArgumentName=name,
                ArgumentValue=text,
            )
        return int(text)

    def name_encoder(self) -> Callable[[str], str]:
        """How names are written in the answer: as they are, or URL-encoded.

        Raises:
            OssError: another encoding is asked for.
        """
        encoding = self.request.parameter("encoding-type")
        if encoding not in {None, "", "url"}:
            raise error_codes.INVALID_ARGUMENT.error("encoding-type must be url.")
        return (lambda name: quote(name, safe="")) if encoding else str

    @property
    def owner(self) -> dict[str, str]:
        """The caller's account as OSS writes an owner."""
        return {"ID": self.account_id, "DisplayName": self.account_id}


Operation = Callable[[Call], Reply]
"""Carries out one kind of request."""


@contextmanager
def store_errors(request: OssRequest) -> Iterator[None]:
    """Turn the store's errors into OSS's."""
    try:
        yield
    except StoreError as error:
        raise _oss_error(error, request) from error


def _oss_error(error: StoreError, request: OssRequest) -> OssError:
    code = _CODES.get(type(error))
    if isinstance(error, RemoteStoreError):
        return error_codes.SERVICE_UNAVAILABLE.error(str(error))
    if code is None:
        return error_codes.INTERNAL_ERROR.error(str(error))
    details = {"BucketName": request.bucket}
    if request.key:
        details["Key"] = request.key
    if isinstance(error, PartTooSmallError):
        details["PartNumber"] = str(error.number)
        details["ProposedSize"] = str(error.size)
        details["MinSizeAllowed"] = str(error.least)
    return code.error(**details)
