"""What all that belongs to one remote store shares."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace

from imageferry.buckets.interruption import Interruption
from imageferry.buckets.remote_client import RemoteClient
from imageferry.buckets.remote_transfer import Transfer


@dataclass(frozen=True)
class Remote:
    """One remote store.

    Attributes:
        client: Signs, and makes the small calls.
        transfer: Moves bytes.
        small_parts: What the keys of parts begin with that are too small for the store.
        completion: Held while an upload is completed that may not replace an object.
    """

    client: RemoteClient
    transfer: Transfer
    small_parts: str
    # Of completions at the very same time SeaweedFS lets several succeed.
    completion: threading.Lock = field(default_factory=threading.Lock)

    def until(self, interruption: Interruption) -> Remote:
        """This store for work whose reads and writes end when they are told to."""
        return replace(self, transfer=self.transfer.until(interruption))
