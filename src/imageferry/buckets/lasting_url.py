"""A signed URL for the many reads of one object."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from imageferry.buckets.remote_client import URL_SECONDS, SignedUrl

USED_SECONDS = URL_SECONDS / 3
"""How long one URL is used: a read that begins at the last moment, and is repeated as often as it
may, has the rest of the time."""


class LastingUrl:
    """Signs a URL, and gives it again until it becomes old. Safe in threads.

    To sign takes the vendors' libraries up to a millisecond of processor time, as much as all else
    that Python does for a range of 4 MiB; the range is no part of what is signed.

    Args:
        sign: Makes a URL that is good for :data:`~imageferry.buckets.remote_client.URL_SECONDS`.
        clock: Seconds that only go forward.
    """

    def __init__(
        self, sign: Callable[[], SignedUrl], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._sign = sign
        self._clock = clock
        self._lock = threading.Lock()
        self._signed: SignedUrl | None = None
        self._old_at = 0.0

    def __call__(self) -> SignedUrl:
        """A URL that is good now, and for a while."""
        with self._lock:
            now = self._clock()
            if self._signed is None or now >= self._old_at:
                self._signed = self._sign()
                self._old_at = now + USED_SECONDS
            return self._signed
