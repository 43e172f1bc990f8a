"""The bytes of an image for a transfer: fetched ahead where reading is slow, else just read."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol, Self

from imageferry.imaging.checkpoint import NOTHING_HASHED, SourceState
from imageferry.imaging.hashing import SourceHash
from imageferry.imaging.look_ahead import LookAhead, is_in_order, most_scratch
from imageferry.imaging.plan import Plan
from imageferry.imaging.scratch import Scratch
from imageferry.imaging.source import ByteSource
from imageferry.imaging.source_digest import CheckedPart, usable_state
from imageferry.imaging.threads import LOOK_SECONDS, StoppedError, StopSignal, nothing


class PlannedSource(Protocol):
    """An image's bytes, of which it is known beforehand which will be wanted.

    Attributes:
        sha256: The SHA-256 of the whole image in hexadecimal digits, once it is finished; empty
            if it was not wanted.
    """

    sha256: str

    def take(self, place: int, length: int) -> bytes | memoryview:
        """The bytes at a place; fewer only at the image's end. Safe in threads.

        Each range of the plan is taken once: after that the source may forget it.
        """
        ...

    def finish(self, stop: StopSignal, meanwhile: Callable[[], None] = nothing) -> None:
        """Wait until all was hashed.

        Args:
            stop: Ends the wait early.
            meanwhile: Is called again and again while it lasts, and at its end.

        Raises:
            Exception: whatever a read of the source raised.
            StoppedError: it was stopped.
        """
        ...

    def hashed(self) -> int:
        """The bytes that were hashed, from the beginning of the image."""
        ...

    def state(self) -> SourceState:
        """How far the hash has come."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...


class DirectSource:
    """An image in a file: read when it is wanted, and hashed beside.

    Args:
        source: The image.
        hash_source: Whether to hash all of it.
        begun: The state of the hash to go on with.
        part: A part of it whose digest is checked with the hash.
    """

    def __init__(
        self,
        source: ByteSource,
        *,
        hash_source: bool,
        begun: SourceState = NOTHING_HASHED,
        part: CheckedPart | None = None,
    ) -> None:
        self.sha256 = ""
        self._source = source
        self._hash_source = hash_source
        self._hashing = SourceHash(source, begun, part)
        self._stop = StopSignal()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._hash)

    def take(self, place: int, length: int) -> bytes | memoryview:
        """The bytes at a place; fewer only at the image's end. Safe in threads."""
        return self._source.pread(place, length)

    def finish(self, stop: StopSignal, meanwhile: Callable[[], None] = nothing) -> None:
        """Wait until all was hashed.

        Args:
            stop: Ends the wait early.
            meanwhile: Is called again and again while it lasts, and at its end.

        Raises:
            Exception: whatever a read of the source raised.
            StoppedError: it was stopped.
        """
        while self._thread.is_alive():
            stop.check()
            meanwhile()
            self._thread.join(LOOK_SECONDS)
        if self._failure is not None:
            raise self._failure
        meanwhile()

    def hashed(self) -> int:
        """The bytes that were hashed, from the beginning of the image."""
        return self._hashing.hashed

    def state(self) -> SourceState:
        """How far the hash has come."""
        return self._hashing.state

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._thread.join()

    def _hash(self) -> None:
        if not self._hash_source:
            return
        try:
            self._hashing.compute(self._stop)
        except StoppedError:
            return
        except Exception as error:  # noqa: BLE001 - raised again by whoever waits
            self._failure = error
        self.sha256 = self._hashing.hexdigest


def plan_source(
    source: ByteSource,
    plan: Plan,
    *,
    scratch: Scratch,
    hash_source: bool,
    begun: SourceState = NOTHING_HASHED,
    part: CheckedPart | None = None,
    memory_chunks: int = 0,
) -> PlannedSource:
    """The bytes of a source for a transfer.

    Args:
        source: The image; it stays open until the result is closed.
        plan: What will be taken of it.
        scratch: For what memory has no room for; nothing is claimed of it where none is used.
        hash_source: Whether the SHA-256 of the whole image is wanted.
        begun: How far an earlier transfer has hashed it.
        part: A part of it that has to have a digest, for which all of it is hashed.
        memory_chunks: How many chunks to keep of a source that is fetched ahead in the order of
            the file; 0 for the default.

    Raises:
        ImageError: there is no room for the scratch that may be needed.
    """
    hash_source = hash_source or part is not None
    begun = usable_state(begun, part)
    if source.fileno() is not None:
        return DirectSource(source, hash_source=hash_source, begun=begun, part=part)
    folder = None
    if not is_in_order(plan):
        scratch.claim(most_scratch(plan, source.size, hash_source=hash_source))
        folder = scratch.folder
    return LookAhead(
        source,
        plan,
        scratch=folder,
        hash_source=hash_source,
        begun=begun,
        part=part,
        memory_chunks=memory_chunks,
    )
