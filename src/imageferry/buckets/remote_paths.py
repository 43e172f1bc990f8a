"""Where things are in a remote bucket, below the prefix that a store was given.

``PREFIX/BUCKET/KEY`` is an object, under the key its user gave it; what no user
sees is below ``PREFIX/.imageferry/``, which cannot be a bucket's name.
"""

from __future__ import annotations

from dataclasses import dataclass

from imageferry.buckets.interface import InvalidObjectNameError
from imageferry.buckets.names import MAX_KEY_BYTES, check_key

_HIDDEN = ".imageferry"
_RECORD_SUFFIX = ".json"
_DOTS = frozenset({".", ".."})


@dataclass(frozen=True)
class StorePaths:
    """The paths of a whole store. ``prefix`` is empty or ends in ``/``."""

    prefix: str

    @property
    def hidden(self) -> str:
        """What the keys begin with of all that no user sees."""
        return f"{self.prefix}{_HIDDEN}/"

    @property
    def records(self) -> str:
        """What the keys of all buckets' records begin with."""
        return f"{self.hidden}buckets/"

    @property
    def staged(self) -> str:
        """What the keys of all records of staged files begin with."""
        return f"{self.hidden}staged/"

    @property
    def small_parts(self) -> str:
        """What the keys of all parts begin with that are too small for the store."""
        return f"{self.hidden}parts/"

    def folder_of_record(self, key: str) -> str:
        """What the keys of the objects begin with of the bucket that has a record."""
        return self.bucket(key.removeprefix(self.records).removesuffix(_RECORD_SUFFIX)).objects

    def bucket(self, name: str) -> BucketPaths:
        """The paths of one bucket."""
        return BucketPaths(
            record=f"{self.records}{name}{_RECORD_SUFFIX}",
            objects=f"{self.prefix}{name}/",
            staged=f"{self.staged}{name}/",
        )


@dataclass(frozen=True)
class BucketPaths:
    """The paths of one bucket.

    Attributes:
        record: The key of the bucket's record.
        objects: What the keys of its objects begin with.
        staged: What the keys of its records of staged files begin with.
    """

    record: str
    objects: str
    staged: str

    def object(self, key: str) -> str:
        """The remote key of an object.

        Raises:
            InvalidObjectNameError: the key breaks OSS's rules, is too long together
                with the store's prefix, or has a part ``.`` or ``..``, which HTTP
                clients and servers resolve on the way.
        """
        check_key(key)
        remote = self.objects + key
        most = MAX_KEY_BYTES - len(self.objects.encode())
        if len(remote.encode()) > MAX_KEY_BYTES:
            raise InvalidObjectNameError(f"an object name in this bucket has at most {most} bytes")
        if _DOTS & set(key.split("/")):
            raise InvalidObjectNameError("an object name in this bucket has no part '.' or '..'")
        return remote
