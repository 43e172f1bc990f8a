"""The buckets of accounts as the console shows them, and the OSS API that it calls."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlencode

from starlette.types import ASGIApp, Receive, Scope, Send

from imageferry.actions.import_admission import GIB, packaging
from imageferry.buckets.interface import (
    BucketNotFoundError,
    InvalidBucketNameError,
    InvalidObjectNameError,
    ObjectInfo,
    ObjectNotFoundError,
    ObjectReader,
    Store,
)
from imageferry.buckets.remote_errors import RemoteStoreError
from imageferry.console import storage
from imageferry.console.storage import (
    Inspection,
    Listing,
    ObjectRequest,
    Refusal,
    StoredObject,
    StoreUnavailableError,
    UnfinishedUpload,
)
from imageferry.imaging.contents.marks import is_disk
from imageferry.imaging.errors import ImageError
from imageferry.imaging.formats import Format
from imageferry.imaging.packaging.any_source import inspect_any
from imageferry.oss import listing
from imageferry.oss.request import parse_request
from imageferry.oss.signature_v4 import authorization
from imageferry.settings import Settings

_DELIMITER = "/"
_HOST = "console"


@dataclass(frozen=True)
class ConsoleBuckets:
    """The buckets of a store.

    Attributes:
        store: Where the buckets are.
        settings: How the service is set up.
        application: The OSS API.
        clock: The time, UTC.
    """

    store: Store
    settings: Settings
    application: ASGIApp
    clock: Callable[[], datetime]

    def all(self, account_id: str) -> Sequence[storage.Bucket]:
        """An account's buckets, by name."""
        with _reached():
            found = self.store.buckets()
        return [
            storage.Bucket(bucket.name, bucket.region, bucket.created)
            for bucket in found
            if bucket.owner == account_id
        ]

    def find(self, account_id: str, name: str) -> storage.Bucket | None:
        """The bucket of that name, if the account has it."""
        try:
            with _reached():
                info = self.store.bucket(name).info
        except (BucketNotFoundError, InvalidBucketNameError):
            return None
        if info.owner != account_id:
            return None
        return storage.Bucket(info.name, info.region, info.created)

    def listing(self, name: str, *, prefix: str, marker: str, size: int) -> Listing:
        """What comes after a marker among the keys that begin with a prefix."""
        with _reached():
            page = listing.page(
                self.store.bucket(name).list(prefix, marker),
                prefix=prefix,
                delimiter=_DELIMITER,
                marker=marker,
                limit=size,
            )
        return Listing(page.prefixes, [_object(info) for info in page.objects], page.next_marker)

    def uploads(self, name: str, prefix: str) -> Sequence[UnfinishedUpload]:
        """The uploads under way to keys that begin with a prefix, by key and time."""
        with _reached():
            return [
                UnfinishedUpload(upload.id, upload.key, upload.started)
                for upload in self.store.bucket(name).uploads()
                if upload.key.startswith(prefix)
            ]

    def inspect(self, name: str, key: str) -> Inspection | None:
        """What an object is, by a look at some of its bytes; ``None`` where there is none."""
        try:
            with _reached(), self.store.bucket(name).open(key) as reader:
                return self._inspected(reader)
        except (ObjectNotFoundError, InvalidObjectNameError):
            return None

    def answer(self, access_key_id: str, secret: str, request: ObjectRequest) -> ASGIApp:
        """What answers a request as the OSS API does, signed with an access key."""
        head = self._signed(access_key_id, secret, request)

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            await self.application({**scope, **head}, receive, send)

        return application

    def _inspected(self, reader: ObjectReader) -> Inspection:
        found = _object(reader.info)
        largest = self.settings.max_virtual_size_gib * GIB
        try:
            image, package = inspect_any(reader, declared=None, max_virtual_size=largest)
        except ImageError as error:
            refusal = Refusal(error.code, error.detail, error.kind.remedy)
            return Inspection(object=found, refusal=refusal)
        wrapped = "" if package is None else packaging(package)
        if image is None:
            return Inspection(object=found, packaging=wrapped)
        is_plain_raw = package is None and image.format is Format.RAW
        return Inspection(
            object=found,
            format=image.format.ecs_name,
            virtual_size=image.virtual_size,
            packaging=wrapped,
            is_no_disk=is_plain_raw and not is_disk(reader),
        )

    def _signed(self, access_key_id: str, secret: str, request: ObjectRequest) -> Scope:
        """The parts of an ASGI scope that make it the request, with a signature of this moment."""
        path = quote(f"/{request.bucket}/{request.key}" if request.key else f"/{request.bucket}")
        query = urlencode(request.parameters)
        headers = {"host": _HOST, **request.headers}
        understood = dataclasses.replace(
            parse_request(request.method, path.encode(), query.encode(), _raw(headers)),
            bucket=request.bucket,
            key=request.key,
        )
        region = self.settings.default_region
        signed = authorization(access_key_id, secret, understood, self.clock(), region)
        return {
            "method": request.method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": _raw({**headers, **signed}),
        }


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except RemoteStoreError as error:
        raise StoreUnavailableError(str(error)) from error


def _object(info: ObjectInfo) -> StoredObject:
    return StoredObject(info.key, info.size, info.modified)


def _raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode()) for name, value in headers.items()]
