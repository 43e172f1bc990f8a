"""Objects of zeros in a remote store, of which it copies parts itself: they cost no transfer."""

from __future__ import annotations

import threading
from contextlib import suppress

from imageferry.buckets.interface import StoreError
from imageferry.buckets.remote_beginnings import begun
from imageferry.buckets.remote_client import RemoteClient

_LARGEST_SENT = 8 << 20
_COPIES = 4


class RemoteZeros:
    """Hidden objects of zeros, made when they are wanted. Safe in threads.

    Args:
        client: The store's client.
        folder: What their keys begin with.
    """

    def __init__(self, client: RemoteClient, folder: str) -> None:
        self._client = client
        self._folder = folder
        self._lock = threading.Lock()
        self._made: dict[int, str] = {}

    def key_of(self, length: int) -> str:
        """The key of an object of ``length`` zeros."""
        with self._lock:
            if length not in self._made:
                self._made[length] = self._make(length)
            return self._made[length]

    def delete(self) -> None:
        """Delete all that were made, as far as the store can be reached."""
        with self._lock:
            for key in self._made.values():
                with suppress(StoreError):
                    self._client.delete(key)
            self._made.clear()

    def _make(self, length: int) -> str:
        key = f"{self._folder}zeros-{length}"
        if length <= _LARGEST_SENT:
            self._client.create(key, bytes(length))
        else:
            self._make_of_copies(key, length)
        return key

    def _make_of_copies(self, key: str, length: int) -> None:
        quarter = length // _COPIES
        source = self._made.get(quarter) or self._make(quarter)
        self._made[quarter] = source
        with begun(self._client, self._folder, key) as upload:
            parts = [
                (number, self._client.copy_part(key, upload, number, source, quarter))
                for number in range(1, _COPIES + 1)
            ]
            self._client.complete_upload(key, upload, parts, overwrite=True)
