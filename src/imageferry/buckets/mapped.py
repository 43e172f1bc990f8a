"""A store whose buckets are in several stores, chosen by their names."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from fnmatch import fnmatchcase

from imageferry.buckets.interface import Bucket, BucketInfo, Store, StoreError
from imageferry.buckets.interruption import Interruption
from imageferry.buckets.remote_errors import RemoteStoreError

_OTHERS = "that have no store of their own"


class MappedStore:
    """Several stores as one.

    Args:
        stores: A pattern of bucket names as in file names (``*``, ``?``, ``[a-z]``),
            and the store that has the buckets; the first pattern that fits counts.
        default: The store of all other buckets.
    """

    def __init__(self, stores: Sequence[tuple[str, Store]], default: Store) -> None:
        self._stores = stores
        self._default = default

    def check(self) -> None:
        """Make sure that every store can be reached.

        Raises:
            StoreError: one cannot; or OSError.
        """
        for buckets, store in self._every():
            with _told(buckets):
                store.check()

    def buckets(self) -> Sequence[BucketInfo]:
        """Every bucket, by name. One that is in a store its name does not lead to is not there.

        Raises:
            RemoteStoreError: a store cannot be reached. Without its buckets the list would be
                wrong, and whoever reads it would take them for deleted.
        """
        found: list[BucketInfo] = []
        for buckets, store in self._every():
            with _told(buckets):
                found += [info for info in store.buckets() if self._store(info.name) is store]
        return sorted(found, key=lambda info: info.name)

    def bucket(self, name: str) -> Bucket:
        """The bucket of that name.

        Raises:
            BucketNotFoundError: there is none.
        """
        return self._store(name).bucket(name)

    def until(self, interruption: Interruption) -> MappedStore:
        """This store for work whose reads and writes end when they are told to."""
        stores = [(pattern, store.until(interruption)) for pattern, store in self._stores]
        return MappedStore(stores, self._default.until(interruption))

    def create_bucket(self, name: str, *, region: str, owner: str) -> Bucket:
        """Make a bucket.

        Raises:
            InvalidBucketNameError: the name breaks OSS's rules.
            BucketExistsError: the name is taken.
        """
        return self._store(name).create_bucket(name, region=region, owner=owner)

    def delete_bucket(self, name: str) -> None:
        """Delete an empty bucket.

        Raises:
            BucketNotFoundError: there is none.
            BucketNotEmptyError: it holds objects or uploads.
        """
        self._store(name).delete_bucket(name)

    def sweep(self, older_than: timedelta, keep: Collection[str] = ()) -> int:
        """Take away what crashes and forgotten uploads left that long ago, and count it.

        Args:
            older_than: How long ago.
            keep: The tokens of drafts that somebody may go on with, however long ago that was.

        Raises:
            StoreError: a store failed, the first of those that did; all others were swept.
            OSError: likewise.
        """
        removed, failures = 0, []
        for _, store in self._every():
            try:
                removed += store.sweep(older_than, keep)
            except (StoreError, OSError) as error:
                failures.append(error)
        if failures:
            raise failures[0]
        return removed

    def _every(self) -> list[tuple[str, Store]]:
        return [(_OTHERS, self._default), *self._stores]

    def _store(self, name: str) -> Store:
        for pattern, store in self._stores:
            if fnmatchcase(name, pattern):
                return store
        return self._default


@contextmanager
def _told(buckets: str) -> Iterator[None]:
    """Let the error of a store out of reach say which of the stores it is, by its buckets."""
    try:
        yield
    except RemoteStoreError as error:
        raise RemoteStoreError(f"the store of the buckets {buckets}: {error}") from error
