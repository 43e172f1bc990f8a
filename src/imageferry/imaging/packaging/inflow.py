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
from imageferry.imaging.packaging.decompression import PIECE_SIZE, Unpacked
from imageferry.imaging.packaging.finding import is_descriptor, only_disk, refuse_wrapped
from imageferry.imaging.packaging.package import Compression
from imageferry.imaging.packaging.tar import BLOCK, Member, is_tar, members


class Inflow:
    """Decompressed bytes in whatever length is asked for.

    Attributes:
        position: The bytes that were read or passed over.
    """

    def __init__(self, unpacked: Unpacked) -> None:
        self.position = 0
        self._unpacked = unpacked
        self._parts: deque[memoryview] = deque()
        self._held = 0

    @property
    def consumed(self) -> int:
        """The compressed bytes that they and those that are held were in."""
        return self._unpacked.consumed

    def peek(self, length: int) -> bytes:
        """The next bytes, which stay; fewer only at the end."""
        while self._held < length and self._hold(PIECE_SIZE):
            pass
        return b"".join(self._parts)[:length]

    def take(self, length: int) -> list[memoryview]:
        """The next bytes, as they were unpacked; fewer only at the end."""
        while self._held < length and self._hold(length - self._held):
            pass
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
        return taken

    def read(self, length: int) -> bytes:
        """The next bytes; fewer only at the end."""
        return b"".join(self.take(length))

    def skip(self, length: int, unpacked: Unpacked | None = None) -> None:
        """Pass over bytes, not beyond the end.

        Args:
            length: How many.
            unpacked: The same bytes, which may begin later, but not behind the end of those that
                are passed over; what comes next is read from them.
        """
        end = self.position + length
        if unpacked is not None:
            self._unpacked, self.position = unpacked, unpacked.position
            self._parts.clear()
            self._held = 0
        while self.position < end and self.take(min(end - self.position, PIECE_SIZE)):
            pass

    def _hold(self, length: int) -> bool:
        """Unpack up to so many bytes more, and say whether there were any."""
        data = self._unpacked.read(length)
        if data:
            self._parts.append(memoryview(data))
            self._held += len(data)
        return bool(data)


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
    def offset(self) -> int:
        """Where the image begins in the decompressed data, in bytes."""
        return self._member.offset if self._member is not None else 0

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

    def take(self, length: int) -> list[memoryview]:
        """The next bytes, as they were unpacked; fewer only at the end.

        Raises:
            ImageError: the image is longer than it may be, or ends before its archive says, or
                its wrapping is damaged.
        """
        wanted = min(length, self._left)
        parts = self._inflow.take(wanted)
        found = sum(map(len, parts))
        self._left -= found
        if self._member is None and not self._left:
            raise self._refusal("more")
        if self._member is not None and found < wanted:
            raise TRUNCATED.error(f"The {self.name} ends within its member.")
        return parts

    def read(self, length: int) -> bytes:
        """The next bytes; fewer only at the end.

        Raises:
            ImageError: as :meth:`take` does.
        """
        return b"".join(self.take(length))

    def skip(self, length: int, unpacked: Unpacked | None = None) -> None:
        """Pass over bytes that were read once.

        Args:
            length: How many.
            unpacked: Where to read on, as :meth:`Inflow.skip` takes it.

        Raises:
            ImageError: there are fewer.
        """
        end = self._inflow.position + length
        self._inflow.skip(length, unpacked)
        if self._inflow.position < end:
            raise TRUNCATED.error(f"The {self.name} has become shorter.")
        self._left -= length

    def finish(self) -> None:
        """Read what follows the image, so that the checksums of its wrapping were looked at.

        Raises:
            ImageError: the archive holds more files, or is damaged.
        """
        if self._member is None:
            return
        only_disk([self._member, *self._members], self.name)
        while self._inflow.take(PIECE_SIZE):
            pass

    def _refusal(self, what: str) -> ImageError:
        return self._too_long.error(
            f"Of the image in the {self.name} at most {self._limit} bytes are accepted; it holds"
            f" {what}."
        )
