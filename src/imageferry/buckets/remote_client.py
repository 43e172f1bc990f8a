"""What the shared code for remote stores needs of one kind of store.

A client makes the small calls on one remote bucket, and signs URLs; the bytes
of objects go over those URLs by :mod:`imageferry.buckets.remote_transfer`. Keys
here are those of the remote bucket, in full.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from urllib.parse import quote, unquote

from imageferry.buckets.interface import ObjectInfo, PartInfo
from imageferry.buckets.part_checks import PartCheck

URL_SECONDS = 900
"""How long a signed URL is good for."""

_PLAIN = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")


@dataclass(frozen=True)
class Patience:
    """How long a store is waited for.

    Attributes:
        connect_seconds: How long the connection to it may take to come about.
        read_seconds: How long it may stay silent within an answer.
        attempts: How often a request is made before its failure counts.
    """

    connect_seconds: float
    read_seconds: float
    attempts: int


PATIENT = Patience(connect_seconds=10, read_seconds=60, attempts=5)
"""For a task, and for what takes a store long: bytes, copies, an upload's completion."""

PROMPT = Patience(connect_seconds=3, read_seconds=3, attempts=2)
"""For small calls while a client waits: 7 s with a pause. The SDKs give up after 10 s."""


@dataclass(frozen=True)
class Credentials:
    """What a store knows us by. The secret is never shown."""

    access_key_id: str
    access_key_secret: str = field(repr=False)


@dataclass(frozen=True)
class SignedUrl:
    """A URL that carries its own proof, and the headers that have to be sent with it."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RemoteUploadInfo:
    """A multipart upload as the remote bucket lists it."""

    key: str
    id: str
    started: datetime


@dataclass(frozen=True)
class StartedUpload:
    """What the beginning of a multipart upload has come to.

    Attributes:
        id: The store's id of the upload.
        repeated: Whether the store was asked more than once, and may have begun others.
    """

    id: str
    repeated: bool


class RemoteClient(Protocol):
    """The small calls on one remote bucket. Safe in threads.

    Every call raises :class:`~imageferry.buckets.remote_errors.RemoteStoreError`
    when the store cannot be reached or refuses it.
    """

    @property
    def least_part(self) -> int:
        """The bytes that the store wants of every part of an upload, but for the last."""
        ...

    def head(self, key: str) -> ObjectInfo:
        """What is known of an object.

        Raises:
            ObjectNotFoundError: there is none.
        """
        ...

    def list(self, prefix: str, after: str) -> Iterator[ObjectInfo]:
        """The objects whose key begins with ``prefix`` and is greater than ``after``, by key.

        Of media type, CRC and user metadata a listing says nothing.
        """
        ...

    def read(self, key: str) -> bytes:
        """The bytes of a small object.

        Raises:
            ObjectNotFoundError: there is none.
        """
        ...

    def create(self, key: str, data: bytes) -> bool:
        """Store a small object unless the key is taken, and say whether it was stored."""
        ...

    def delete(self, key: str, *, if_match: str = ...) -> None:
        """Delete an object; no error where there is none.

        Raises:
            ObjectChangedError: it is not the one of the ETag ``if_match``, or is gone.
        """
        ...

    def start_upload(
        self, key: str, *, content_type: str, metadata: Mapping[str, str]
    ) -> StartedUpload:
        """Begin a multipart upload."""
        ...

    def parts(self, key: str, upload_id: str) -> Sequence[PartInfo]:
        """The parts of an upload, by number.

        Raises:
            UploadNotFoundError: there is no such upload.
        """
        ...

    def copy_part(
        self,
        key: str,
        upload_id: str,
        number: int,
        source_key: str,
        length: int,
        *,
        start: int = ...,
        if_match: str = ...,
    ) -> str:
        """Let the store make a part of bytes of an object, and return its ETag.

        Args:
            key: The key of the object to be.
            upload_id: Its upload.
            number: The part.
            source_key: The object that has the bytes.
            length: How many they are.
            start: Where they begin.
            if_match: The ETag that the object must have; empty: any.

        Raises:
            UploadNotFoundError: there is no such upload.
            ObjectChangedError: the object has another ETag.
        """
        ...

    def replace_metadata(self, info: ObjectInfo) -> str:
        """Give an object the metadata and media type of ``info``, and return its ETag.

        It is one request, which large objects are too large for.

        Raises:
            ObjectNotFoundError: there is none.
            ObjectChangedError: it has another ETag than ``info``.
        """
        ...

    def complete_upload(
        self, key: str, upload_id: str, parts: Sequence[tuple[int, str]], *, overwrite: bool
    ) -> str:
        """Make the object of the parts ``(number, etag)``, and return its ETag.

        Raises:
            ObjectExistsError: the object is there, and may not be replaced.
            UploadNotFoundError: there is no such upload.
            InvalidPartError: a part is missing, is another, or is too small.
        """
        ...

    def abort_upload(self, key: str, upload_id: str) -> None:
        """Forget an upload and its parts.

        Raises:
            UploadNotFoundError: there is no such upload.
        """
        ...

    def uploads(self, prefix: str) -> Iterator[RemoteUploadInfo]:
        """The multipart uploads whose key begins with ``prefix``."""
        ...

    def sign_get(self, key: str) -> SignedUrl:
        """A URL to read an object from."""
        ...

    def sign_put(
        self,
        key: str,
        *,
        content_md5: str,
        content_type: str,
        metadata: Mapping[str, str],
        overwrite: bool,
    ) -> SignedUrl:
        """A URL to store an object at. ``content_md5`` is in base64."""
        ...

    def part_check(self) -> PartCheck:
        """The checksum that the store confirms."""
        ...

    def sign_part(self, key: str, upload_id: str, number: int, check: PartCheck) -> SignedUrl:
        """A URL to store a part at whose bytes the check has taken in."""
        ...


def content_md5(md5: str) -> str:
    """The MD5 as the header Content-MD5 has it, by which a store finds damaged bytes.

    Args:
        md5: It in hexadecimal digits.
    """
    return base64.b64encode(bytes.fromhex(md5)).decode()


def encoded_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    """User metadata as header values: what is not printable ASCII is percent-encoded."""
    return {name: quote(value, safe=_PLAIN) for name, value in metadata.items()}


def decoded_metadata(headers: Mapping[str, str]) -> dict[str, str]:
    """User metadata from header values."""
    return {name.lower(): unquote(value) for name, value in headers.items()}
