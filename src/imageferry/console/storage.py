"""What the pages of buckets are given by the service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from starlette.types import ASGIApp


class StoreUnavailableError(Exception):
    """What keeps a bucket does not answer just now. The text says why."""


@dataclass(frozen=True)
class Bucket:
    """A bucket of an account."""

    name: str
    region: str
    created: datetime


@dataclass(frozen=True)
class StoredObject:
    """An object in a bucket. ``size`` is in bytes."""

    key: str
    size: int
    modified: datetime


@dataclass(frozen=True)
class Listing:
    """A part of what a bucket holds.

    Attributes:
        folders: What keys have in common up to a slash, each once.
        objects: The other objects, by key.
        next_marker: What the next part comes after; empty with the last.
    """

    folders: Sequence[str]
    objects: Sequence[StoredObject]
    next_marker: str


@dataclass(frozen=True)
class UnfinishedUpload:
    """An upload in parts that is neither complete nor aborted."""

    upload_id: str
    key: str
    started: datetime


@dataclass(frozen=True)
class Refusal:
    """Why an object cannot be imported, and what to do about it."""

    code: str
    detail: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What an object is, as far as its first bytes tell.

    Attributes:
        object: The object.
        format: Its format in ECS's word; empty where it has to be unpacked first.
        virtual_size: The size of the disk in bytes; 0 where that is not known yet.
        packaging: What it is wrapped in, for people; empty for an image as it is.
        is_no_disk: Whether it would be taken for a raw disk though nothing in it looks like one.
        refusal: Why it cannot be imported, where that is so.
    """

    object: StoredObject
    format: str = ""
    virtual_size: int = 0
    packaging: str = ""
    is_no_disk: bool = False
    refusal: Refusal | None = None


@dataclass(frozen=True, kw_only=True)
class ObjectRequest:
    """The head of a request to the OSS API.

    Attributes:
        bucket, key: What it is about; the key is empty for the bucket itself.
        parameters: The names and values of the query.
        headers: Headers by their lower-case names; what signs the request is added to them.
    """

    method: str
    bucket: str
    key: str = ""
    parameters: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


class Buckets(Protocol):
    """The buckets of accounts. Nobody is shown those of another account.

    Every question raises :class:`StoreUnavailableError` where a bucket's store does not answer.
    """

    def all(self, account_id: str) -> Sequence[Bucket]:
        """An account's buckets, by name."""

    def find(self, account_id: str, name: str) -> Bucket | None:
        """The bucket of that name, if the account has it."""

    def listing(self, name: str, *, prefix: str, marker: str, size: int) -> Listing:
        """What comes after a marker among the keys that begin with a prefix.

        Args:
            name: The bucket's name.
            prefix: What every key begins with; what follows it up to a slash is a folder.
            marker: Where the part begins; empty for the first.
            size: The most folders and objects.
        """

    def uploads(self, name: str, prefix: str) -> Sequence[UnfinishedUpload]:
        """The uploads under way to keys that begin with a prefix, by key and time."""

    def inspect(self, name: str, key: str) -> Inspection | None:
        """What an object is, by a look at some of its bytes; ``None`` where there is none."""

    def answer(self, access_key_id: str, secret: str, request: ObjectRequest) -> ASGIApp:
        """What answers a request as the OSS API does, signed with an access key.

        It takes the body from the channel that it is called with, as it comes, and passes an
        object's bytes on as they are read: memory does not grow with either.
        """
