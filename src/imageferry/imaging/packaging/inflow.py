"""Decompressed data as it comes: read once, from the front to the back."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator
from itertools import islice

from imageferry.imaging.errors import (
    ARCHIVE_REFUSED,
    MORE_THAN_DECLARED,
    TRUNCATED,
    ImageError,
    ImageErrorCode,
)
from imageferry.imaging.packaging.decompression import PIECE_SIZE, Piece
from imageferry.imaging.packaging.finding import is_descriptor, only_disk, refuse_wrapped
from imageferry.imaging.packaging.package import Compression
from imageferry.imaging.packaging.tar import BLOCK, Member, is_tar, members


class Inflow:
    """Pieces put together anew to whatever length is asked for.

    Attributes:
        position: The bytes that were read or passed over.
        consumed: The compressed bytes that they and the piece that holds the next one were in.
    """

    def __init__(self, pieces: Iterator[Piece]) -> None:
        self.position = 0
        self.consumed = 0
        self._pieces = pieces
        self._parts: deque[memoryview] = deque()
        self._held = 0

    def peek(self, length: int) -> bytes:
        """The next bytes, which stay; fewer only at the end."""
        self._fill(length)
        return b"".join(self._parts)[:length]

    def read(self, length: int) -> bytes:
        """The next bytes; fewer only at the end."""
        self._fill(length)
        taken: list[memoryview] = []
        left = min(length, self._held)
        self.position += left
        self._held -= left
        while left:
            part = self._parts.popleft()
            if len(part) > left:
                self._parts.appendleft(part[left:])
                part = part[:left]
            taken.append(part)
            left -= len(part)
        return b"".join(taken)

    def skip(self, length: int) -> None:
        """Pass over bytes; not beyond the end."""
        while length and (data := self.read(min(length, PIECE_SIZE))):
            length -= len(data)

    def _fill(self, length: int) -> None:
        while self._held < length and (piece := next(self._pieces, None)) is not None:
            self._parts.append(memoryview(piece.data))
            self._held += len(piece.data)
            self.consumed = piece.consumed


class Payload:
    """The disk image in decompressed data: all of it, or the one file of the archive that it is.

    Args:
        inflow: The data.
        compression: How it was compressed.

    Raises:
        ImageError: the data is an archive of something else than one disk, or is wrapped again.
    """

    def __init__(self, inflow: Inflow, compression: Compression) -> None:
        self.name = f"{compression.value} data"
        """What the image is in, for people."""
        self._inflow = inflow
        self._members: Iterator[Member] = iter(())
        self._member: Member | None = None
        self._limit = self._left = sys.maxsize
        self._too_long = MORE_THAN_DECLARED
        if is_tar(inflow.peek(BLOCK)):
            self.name = f"tar archive in {self.name}"
            self._members = members(inflow)
            self._member = only_disk(list(islice(self._members, 1)), self.name)
            self._left = self._member.size
        head = self.peek(BLOCK)
        refuse_wrapped(head, self.name)
        if is_descriptor(head):
            raise ARCHIVE_REFUSED.error(f"The {self.name} begins with the descriptor of an OVA.")

    @property
    def size(self) -> int | None:
        """The image's size in bytes, where its archive tells it."""
        return self._member.size if self._member is not None else None

    @property
    def consumed(self) -> int:
        """The compressed bytes that were used up to here."""
        return self._inflow.consumed

    def limit(self, max_bytes: int, too_long: ImageErrorCode) -> None:
        """Say how long the image may be, before the first of it is read.

        Args:
            max_bytes: Its greatest length in bytes.
            too_long: What is wrong with one that is longer.

        Raises:
            ImageError: its archive says already that it is longer.
        """
        self._limit, self._too_long = max_bytes, too_long
        if self._member is None:
            self._left = max_bytes + 1
        elif self._left > max_bytes:
            raise self._refusal(f"a file of {self._left} bytes")

    def peek(self, length: int) -> bytes:
        """The next bytes, which stay; fewer only at the end."""
        return self._inflow.peek(min(length, self._left))

    def read(self, length: int) -> bytes:
        """The next bytes; fewer only at the end.

        Raises:
            ImageError: the image is longer than it may be, or ends before its archive says, or
                its wrapping is damaged.
        """
        wanted = min(length, self._left)
        data = self._inflow.read(wanted)
        self._left -= len(data)
        if self._member is None and not self._left:
            raise self._refusal("more")
        if self._member is not None and len(data) < wanted:
            raise TRUNCATED.error(f"The {self.name} ends within its member.")
        return data

    def finish(self) -> None:
        """Read what follows the image, so that the checksums of its wrapping were looked at.

        Raises:
            ImageError: the archive holds more files, or is damaged.
        """
        if self._member is None:
            return
        only_disk([self._member, *self._members], self.name)
        while self._inflow.read(PIECE_SIZE):
            pass

    def _refusal(self, what: str) -> ImageError:
        return self._too_long.error(
            f"Of the image in the {self.name} at most {self._limit} bytes are accepted; it holds"
            f" {what}."
        )
