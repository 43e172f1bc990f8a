"""Objects in the making: what every store's drafts can do, whatever keeps the bytes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from imageferry.buckets.interface import ObjectInfo


class StagedObject(Protocol):
    """An object that is stored but for its name: it is seen by nobody until it is published."""

    def publish(self, metadata: Mapping[str, str], *, overwrite: bool = True) -> ObjectInfo:
        """Let the object appear, with all of its user metadata.

        Raises:
            ObjectExistsError: there is an object of the key, and ``overwrite`` is false.
            StoreError: the object cannot appear.
            OSError: the file of a draft cannot be moved.
        """
        ...

    def discard(self) -> None:
        """Take the bytes away."""
        ...


class Leavings(Protocol):
    """What was staged under a token when it was looked for. What is staged later is not of it."""

    def discard(self, keep: Collection[str] = ...) -> None:
        """Take it back, but for the drafts of some ids."""
        ...


class CopySource(Protocol):
    """Bytes that a draft can be made of, as an object or a local file has them."""

    def pread(self, offset: int, length: int) -> bytes:
        """The bytes from ``offset``; fewer than ``length`` only at the end."""
        ...

    def fileno(self, moving: int = 0, /) -> int | None:
        """A file descriptor with the same bytes at the same offsets, where there is one.

        Args:
            moving: How many of them are moved by it at once, which waits until it is their turn.
        """
        ...


class DraftBytes(Protocol):
    """The bytes of an object in the making.

    They come in order, but for those of the head, which may come at any time; each
    once, and what never comes is zero.
    """

    @property
    def id(self) -> str:
        """What it is found again by."""
        ...

    @property
    def given(self) -> int:
        """Up to where all bytes are in the store or on their way, in bytes."""
        ...

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Put bytes at a place.

        Raises:
            StoreError: these or earlier bytes could not be stored.
            OSError: there is no room for them.
        """
        ...

    def copy(self, source: CopySource, offset: int, length: int) -> None:
        """Put bytes of a source at the same place, without moving them through here if possible.

        Raises:
            StoreError: they could not be read, or these or earlier bytes could not be stored.
            OSError: there is no room for them.
        """
        ...

    def keep(self, end: int) -> None:
        """Wait until all bytes before a place can be gone on with, those of the head excepted.

        It may be called beside the thread that writes, but not beside :meth:`finish`.

        Args:
            end: The place; at most :attr:`given`.

        Raises:
            StoreError: they could not be stored.
            OSError: they could not be brought to the disk.
        """
        ...


class Draft(DraftBytes, Protocol):
    """An object in the making, which nobody sees.

    Whoever is interrupted may let another one go on, from any place up to which the bytes were
    kept: see ``Bucket.resume_draft``.
    """

    def finish(self, size: int) -> StagedObject:
        """Wait until all is stored.

        Args:
            size: The object's size in bytes.

        Raises:
            StoreError: something could not be stored.
            OSError: there is no room for it.
        """
        ...

    def leave(self) -> None:
        """Let go of it, for good. What was stored stays, for whoever goes on, or discards it."""
        ...
