"""How far a transfer has come, written down now and then, so that another process can go on.

A checkpoint speaks of one moment: everything that a disk holds before :attr:`Checkpoint.offset`
was given to the writer, nothing after it. What the writer and whoever keeps the bytes have to
say of the same moment is put to it by whoever writes it down.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec


class SourceState(msgspec.Struct, frozen=True):
    """How far the hash of a source has come, which is ahead of the disk or behind it.

    Attributes:
        hashed: The bytes of the source that were hashed.
        sha256: The state of their hash; see :mod:`imageferry.imaging.sha256`.
        part: The state of the hash of a part of them, where one is to be checked.
    """

    hashed: int
    sha256: bytes
    part: bytes = b""


NOTHING_HASHED = SourceState(0, b"")


class Restart(msgspec.Struct, frozen=True):
    """Where the unpacking of a compressed source can begin: at a member, a stream or a frame.

    Attributes:
        place: Where it begins in the source, in bytes.
        position: The unpacked bytes that lie before it.
    """

    place: int
    position: int


BEGINNING = Restart(0, 0)


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One moment of a transfer.

    Attributes:
        offset: Where on the disk to go on, in bytes: a multiple of the block size. Of a file that
            is copied as it is, where in the file, at any byte.
        done: The bytes of the source that what lies before was made of.
        content_hash: The blocks that were hashed, and the state of their hash.
        content_checksum: The bytes that the checksum is of, and the checksum.
        source: How far the source was hashed.
        restart: Where to unpack a source from that is compressed as a whole.
    """

    offset: int
    done: int
    content_hash: tuple[int, bytes] = (0, b"")
    content_checksum: tuple[int, int] = (0, 0)
    source: SourceState = NOTHING_HASHED
    restart: Restart = BEGINNING


class Checkpoints(Protocol):
    """Where a transfer's checkpoints come from, and where they go."""

    @property
    def begun(self) -> Checkpoint | None:
        """Where to go on; ``None`` for the beginning."""
        ...

    def offer(self, length: int, take: Callable[[], Checkpoint]) -> None:
        """Note that so many bytes of the disk were given to the writer.

        Args:
            length: The bytes; of zeros, which are left out, what they took of the source.
            take: Makes a checkpoint of this moment, if one is wanted.

        Raises:
            Exception: whatever made an earlier checkpoint impossible.
        """
        ...


class CompletedCheckpoints:
    """Checkpoints to which is added what only those know who read the source.

    Attributes:
        begun: Where to go on; ``None`` for the beginning.

    Args:
        checkpoints: Where they come from, and where they go.
        complete: Makes a checkpoint complete.
    """

    def __init__(
        self, checkpoints: Checkpoints, complete: Callable[[Checkpoint], Checkpoint]
    ) -> None:
        self.begun = checkpoints.begun
        self._checkpoints = checkpoints
        self._complete = complete

    def offer(self, length: int, take: Callable[[], Checkpoint]) -> None:
        """Note that so many bytes of the disk were given to the writer."""
        self._checkpoints.offer(length, lambda: self._complete(take()))


class NoCheckpoints:
    """For what always begins at the beginning."""

    begun = None

    def offer(self, length: int, take: Callable[[], Checkpoint]) -> None:
        """Write nothing down."""


NO_CHECKPOINTS = NoCheckpoints()
