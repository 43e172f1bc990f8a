"""What every store of objects can do, whatever keeps the bytes.

A store holds buckets, a bucket holds objects. Every change is all or nothing:
an object is either the old one or the new one, whole.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from imageferry.buckets.draft import Draft, Leavings

if TYPE_CHECKING:
    from imageferry.buckets.interruption import Interruption


class StoreError(Exception):
    """A store could not do what it was asked to."""


class BucketNotFoundError(StoreError):
    """No bucket has that name."""


class BucketExistsError(StoreError):
    """A bucket with that name is there already."""


class BucketNotEmptyError(StoreError):
    """A bucket that still holds objects or uploads cannot be deleted."""


class InvalidBucketNameError(StoreError):
    """The name breaks OSS's rules: 3 to 63 of ``a-z``, ``0-9`` and ``-``, no ``-`` at an end."""


class ObjectNotFoundError(StoreError):
    """No object has that key."""


class InvalidObjectNameError(StoreError):
    r"""The key breaks OSS's rules: 1 to 1023 bytes of UTF-8, not starting with ``/`` or ``\``."""


class DamagedError(StoreError):
    """What was stored is not what can be read."""


class ObjectChangedError(StoreError):
    """The object is no longer the one that was asked for by its ETag."""


class ObjectExistsError(StoreError):
    """An object with that key is there already, and must not be replaced."""


class UploadNotFoundError(StoreError):
    """No multipart upload has that id."""


class DraftNotFoundError(StoreError):
    """A draft cannot be gone on with: it is gone or damaged, or somebody else has it still."""


class InvalidPartError(StoreError):
    """A part named at the end of an upload is missing or has another ETag."""


class PartTooSmallError(InvalidPartError):
    """A part that is not the last of its upload has too few bytes.

    Attributes:
        number: The part.
        size: Its size in bytes.
        least: The size that it must have.
    """

    def __init__(self, number: int, size: int, least: int) -> None:
        super().__init__(f"part {number} has {size} bytes, and needs {least}")
        self.number = number
        self.size = size
        self.least = least


@dataclass(frozen=True)
class BucketInfo:
    """A bucket as it is listed."""

    name: str
    region: str
    owner: str
    created: datetime


@dataclass(frozen=True)
class ObjectInfo:
    """An object as it is listed. ``size`` is in bytes; ``etag`` is without quotes."""

    key: str
    size: int
    etag: str
    modified: datetime
    content_type: str = "application/octet-stream"
    crc64: int | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PartInfo:
    """One part of a multipart upload. ``number`` counts from 1; ``size`` is in bytes."""

    number: int
    size: int
    etag: str
    modified: datetime
    crc64: int | None = None


class ObjectReader(Protocol):
    """One version of one object, open for reading. It stays readable when the key changes."""

    @property
    def info(self) -> ObjectInfo:
        """The version that is open."""
        ...

    @property
    def size(self) -> int:
        """The object's size in bytes."""
        ...

    def pread(self, offset: int, length: int) -> bytes:
        """The bytes from ``offset``; fewer than ``length`` only at the end. Safe in threads."""
        ...

    def data_ranges(self) -> Iterator[tuple[int, int]]:
        """Ranges ``(offset, length)`` in order outside of which every byte is known to be zero.

        Raises:
            ObjectChangedError: the object has become shorter.
        """
        ...

    def fileno(self, moving: int = 0, /) -> int | None:
        """A file descriptor, if there is one: see :meth:`.draft.CopySource.fileno`."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...


class Upload(Protocol):
    """An object that is being put together from parts, in any order and by many threads."""

    @property
    def id(self) -> str:
        """Its name within the bucket."""
        ...

    @property
    def key(self) -> str:
        """The key the object will have."""
        ...

    @property
    def started(self) -> datetime:
        """When it was started, UTC."""
        ...

    def write_part(self, number: int, chunks: Iterable[bytes]) -> PartInfo:
        """Store one part, replacing an earlier one of that number."""
        ...

    def parts(self) -> Sequence[PartInfo]:
        """The parts that are there, by number."""
        ...

    def complete(
        self,
        parts: Sequence[tuple[int, str]] | None = None,
        *,
        least_part: int = ...,
        overwrite: bool = ...,
    ) -> ObjectInfo:
        """Make the object of the parts ``(number, etag)`` named, or of all, and forget the upload.

        Args:
            parts: The parts, in order.
            least_part: The bytes that each of them must have, but for the last.
            overwrite: Whether an object that is there may be replaced.

        Raises:
            InvalidPartError: a named part is missing or has another ETag.
            PartTooSmallError: a part that is not the last has too few bytes.
            ObjectExistsError: the object is there, and may not be replaced; the upload stays.
        """
        ...

    def abort(self) -> None:
        """Forget the upload and every part of it."""
        ...


class Bucket(Protocol):
    """The objects of one bucket."""

    @property
    def info(self) -> BucketInfo:
        """The bucket itself."""
        ...

    @property
    def keeps_files(self) -> bool:
        """Whether its drafts are local files, at the path that they were begun with."""
        ...

    def until(self, interruption: Interruption) -> Bucket:
        """This bucket for work whose reads and writes end, by a StoreError, when they are told to.

        Those of a store of files take long only while they wait for their turn.
        """
        ...

    def head(self, key: str) -> ObjectInfo:
        """What is known of an object.

        Raises:
            ObjectNotFoundError: there is none.
        """
        ...

    def open(self, key: str, *, if_match: str | None = None) -> ObjectReader:
        """Open an object for reading.

        Raises:
            ObjectNotFoundError: there is none.
            ObjectChangedError: its ETag is not ``if_match``.
        """
        ...

    def list(self, prefix: str = "", after: str = "") -> Iterator[ObjectInfo]:
        """The objects whose key begins with ``prefix`` and is greater than ``after``, by key."""
        ...

    def put(
        self,
        key: str,
        chunks: Iterable[bytes],
        *,
        content_type: str = ...,
        metadata: Mapping[str, str] = ...,
        overwrite: bool = ...,
    ) -> ObjectInfo:
        """Store an object from its bytes in order. If ``chunks`` raises, nothing changes.

        Raises:
            ObjectExistsError: the object is there, and ``overwrite`` is false. Of several that
                store it at the same time, one succeeds.
        """
        ...

    def draft(
        self,
        key: str,
        path: Path,
        *,
        token: str,
        head_size: int = ...,
        metadata: Mapping[str, str] = ...,
    ) -> Draft:
        """Begin an object of which nobody knows yet how large it will be.

        Args:
            key: The key that the object will have.
            path: A local file for stores that keep objects in files; whatever is there is
                overwritten.
            token: What it can be discarded by, from any machine; letters, digits and ``-``.
            head_size: The bytes at its beginning that may come last.
            metadata: What is known already of its user metadata.
        """
        ...

    def resume_draft(
        self,
        key: str,
        path: Path,
        *,
        draft_id: str,
        end: int,
        token: str,
        head_size: int = ...,
        metadata: Mapping[str, str] = ...,
    ) -> Draft:
        """Go on with a draft that was left, which is found by its id, from a place on.

        Its bytes were kept up to ``end``; those behind are put once more, the same as before. The
        other arguments are those of :meth:`draft`.

        Raises:
            DraftNotFoundError: it cannot be gone on with.
        """
        ...

    def staged(self) -> set[str]:
        """The tokens under which something was staged, and not discarded or forgotten since."""
        ...

    def leavings(self, token: str) -> Leavings:
        """What was staged under a token up to now, and neither published nor discarded."""
        ...

    def start_upload(
        self, key: str, *, content_type: str = ..., metadata: Mapping[str, str] = ...
    ) -> Upload:
        """Begin an object that is put together from parts."""
        ...

    def upload(self, upload_id: str) -> Upload:
        """An upload that was started before.

        Raises:
            UploadNotFoundError: there is none.
        """
        ...

    def uploads(self) -> Sequence[Upload]:
        """The uploads that are neither complete nor aborted, by key and time."""
        ...

    def delete(self, key: str, *, if_match: str = ...) -> None:
        """Delete an object; no error where there is none.

        Raises:
            ObjectChangedError: it is not the one of the ETag ``if_match``, or is gone.
        """
        ...


class Store(Protocol):
    """All buckets of one backend."""

    def check(self) -> None:
        """Make sure that the store can be reached.

        Raises:
            StoreError: it cannot; or OSError.
        """
        ...

    def buckets(self) -> Sequence[BucketInfo]:
        """Every bucket, by name."""
        ...

    def bucket(self, name: str) -> Bucket:
        """The bucket of that name.

        Raises:
            BucketNotFoundError: there is none.
        """
        ...

    def until(self, interruption: Interruption) -> Store:
        """This store for work whose reads and writes end when they are told to."""
        ...

    def create_bucket(self, name: str, *, region: str, owner: str) -> Bucket:
        """Make a bucket.

        Raises:
            InvalidBucketNameError: the name breaks OSS's rules.
            BucketExistsError: the name is taken.
        """
        ...

    def delete_bucket(self, name: str) -> None:
        """Delete an empty bucket.

        Raises:
            BucketNotFoundError: there is none.
            BucketNotEmptyError: it holds objects or uploads.
        """
        ...

    def sweep(self, older_than: timedelta, keep: Collection[str] = ...) -> int:
        """Take away what crashes and forgotten uploads left that long ago, and count it.

        Drafts under the tokens ``keep`` stay: somebody may go on with them.
        """
        ...
