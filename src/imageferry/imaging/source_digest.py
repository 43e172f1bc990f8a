"""What is computed of a source's bytes while they pass in order: the hash of all and of a part."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from imageferry.imaging.checkpoint import NOTHING_HASHED, SourceState
from imageferry.imaging.sha256 import Buffer, sha256


@dataclass(frozen=True)
class CheckedPart:
    """A part of a source that has to have a digest.

    Attributes:
        offset: Where it begins in the source, in bytes.
        length: Its length in bytes.
        algorithm: The digest's name in :mod:`hashlib`.
        check: Gets the digest in hexadecimal digits, once it is known, and raises if it is wrong.
    """

    offset: int
    length: int
    algorithm: str
    check: Callable[[str], None]


class SourceDigest:
    """The SHA-256 of a source, and the digest of a part of it.

    Attributes:
        hashed: The bytes that were taken in.

    Args:
        begun: The state to go on with; see :func:`usable_state`.
        part: The part, if there is one.
    """

    def __init__(
        self, begun: SourceState = NOTHING_HASHED, part: CheckedPart | None = None
    ) -> None:
        self.hashed = begun.hashed
        self._whole = sha256(begun.sha256)
        self._part = _PartDigest(part, begun.part) if part is not None else None

    def update(self, data: Buffer) -> None:
        """Take the next bytes in.

        Raises:
            Exception: whatever the part's check raised, as soon as its last byte is there.
        """
        self._whole.update(data)
        if self._part is not None:
            self._part.update(self.hashed, data)
        self.hashed += len(data)

    def hexdigest(self) -> str:
        """The SHA-256 of all bytes so far, in hexadecimal digits."""
        return self._whole.hexdigest()

    def state(self) -> SourceState:
        """What another one can go on with: the beginning, where a part's digest has no state."""
        part = self._part.state() if self._part is not None else b""
        if self._part is not None and not part:
            return NOTHING_HASHED
        return SourceState(self.hashed, self._whole.state(), part)


def usable_state(begun: SourceState, part: CheckedPart | None) -> SourceState:
    """The state to go on with: the beginning, where that of the part is not known."""
    return NOTHING_HASHED if part is not None and not begun.part else begun


class _PartDigest:
    def __init__(self, part: CheckedPart, state: bytes) -> None:
        self._part = part
        self._sha256 = sha256(state) if part.algorithm == "sha256" else None
        self._digest = self._sha256 or hashlib.new(part.algorithm)

    def update(self, place: int, data: Buffer) -> None:
        """Take in what of the bytes at a place of the source belongs to the part."""
        start, stop = self._part.offset, place + len(data)
        end = start + self._part.length
        if start <= place and stop <= end:
            self._digest.update(data)
        elif start < stop and place < end:
            self._digest.update(memoryview(data)[max(start - place, 0) : end - place])
        if place < end <= stop:
            self._part.check(self._digest.hexdigest())

    def state(self) -> bytes:
        """What can be gone on with: only of a SHA-256 there is anything."""
        return self._sha256.state() if self._sha256 is not None else b""
