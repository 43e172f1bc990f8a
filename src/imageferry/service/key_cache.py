"""Access keys, kept for a moment: a look-up takes as long as all else that a small object needs."""

from __future__ import annotations

from collections.abc import Callable

from imageferry.gateway.authentication import AccessKey

KEPT_SECONDS = 1.0
"""How long a key that was disabled, or given another secret, may still be taken for what it was."""

MAX_KEYS = 1000
"""Keys that are kept at a time, so that temporary ones do not pile up."""


class KeyCache:
    """Looks access keys up, and remembers those that it found. Safe in threads.

    That there is no key of an id is not remembered: a new one can be used at once.

    Args:
        find: Looks a key up where it is stored.
        clock: Seconds that never go back.
    """

    def __init__(self, find: Callable[[str], AccessKey | None], clock: Callable[[], float]) -> None:
        self._find = find
        self._clock = clock
        self._kept: dict[str, tuple[float, AccessKey]] = {}

    def find(self, access_key_id: str) -> AccessKey | None:
        """The key of that id; ``None`` where there is none."""
        moment = self._clock()
        since, kept = self._kept.get(access_key_id, (moment, None))
        if kept is not None and moment < since + KEPT_SECONDS:
            return kept
        key = self._find(access_key_id)
        if key is None:
            self._kept.pop(access_key_id, None)
            return None
        if len(self._kept) >= MAX_KEYS:
            self._kept = {}
        self._kept[access_key_id] = (moment, key)
        return key
