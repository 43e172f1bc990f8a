"""Tell by its first bytes whether a source is a disk image in a wrapping."""

from __future__ import annotations

from imageferry.imaging.errors import ARCHIVE_REFUSED, TRUNCATED
from imageferry.imaging.packaging.manifest import digest_of_disk
from imageferry.imaging.packaging.package import (
    Archived,
    Compressed,
    Compression,
    Package,
    SliceSource,
)
from imageferry.imaging.packaging.tar import BLOCK, Member, is_tar, members
from imageferry.imaging.reader import BoundedReader
from imageferry.imaging.signatures import find_head_signatures
from imageferry.imaging.source import ByteSource

_WINDOW = 8192
_MAX_BYTES_READ = 1024 * 1024
_MARKS = (
    (b"\x1f\x8b\x08", Compression.GZIP),
    (b"\xfd7zXZ\x00", Compression.XZ),
    (b"\x28\xb5\x2f\xfd", Compression.ZSTD),
    *((bytes([kind]) + b"\x2a\x4d\x18", Compression.ZSTD) for kind in range(0x50, 0x60)),
)
"""The last are zstd's frames without data, which some programs put first."""

_DESCRIPTOR_STARTS = (b"<?xml", b"<Envelope", b"<ovf:Envelope")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def find_package(source: ByteSource) -> Package | None:
    """What a source is wrapped in; ``None`` for an image as it is.

    Few and small reads, so that it can be called before answering.

    Raises:
        ImageError: it is an archive that is damaged, or does not hold one disk alone.
    """
    reader = BoundedReader(source, _MAX_BYTES_READ)
    head = reader.read_available(0, BLOCK, "header")
    compression = compression_of(head)
    if compression is not None:
        return Compressed(compression)
    return _disk_in_tar(source, reader) if is_tar(head) else None


def compression_of(head: bytes) -> Compression | None:
    """How data that begins with these bytes is compressed, if it is."""
    for mark, compression in _MARKS:
        if head.startswith(mark):
            return compression
    return None


def refuse_wrapped(head: bytes, inside: str) -> None:
    """Refuse what is wrapped once more.

    Args:
        head: The first bytes of what was unwrapped; a block of a tar archive is enough.
        inside: What it was wrapped in, for people.

    Raises:
        ImageError: it is wrapped again.
    """
    compression = compression_of(head)
    if compression is not None:
        raise ARCHIVE_REFUSED.error(f"The {inside} holds data compressed by {compression.value}.")
    if is_tar(head):
        raise ARCHIVE_REFUSED.error(f"The {inside} holds another archive.")


def is_descriptor(head: bytes) -> bool:
    """Whether a file that begins with these bytes is the descriptor of an OVA."""
    return head.removeprefix(_BYTE_ORDER_MARK).lstrip().startswith(_DESCRIPTOR_STARTS)


def only_disk(found: list[Member], archive: str) -> Member:
    """The one disk that an archive holds.

    Raises:
        ImageError: it holds none, or several.
    """
    if len(found) != 1:
        names = ", ".join(repr(member.name[:100]) for member in found[:3])
        detail = f"{len(found)} files that would be disks: {names}" if found else "no disk image"
        raise ARCHIVE_REFUSED.error(f"The {archive} holds {detail}.")
    return found[0]


class _SourceCursor:
    """Goes through a source, a window at a time: a remote one takes long for each read."""

    def __init__(self, reader: BoundedReader) -> None:
        self.position = 0
        self._reader = reader
        self._window = b""
        self._window_at = 0

    def read(self, length: int) -> bytes:
        start = self.position - self._window_at
        if not 0 <= start <= len(self._window) - length:
            wanted = max(length, _WINDOW)
            self._window = self._reader.read_available(self.position, wanted, "archive")
            self._window_at, start = self.position, 0
        data = self._window[start : start + length]
        self.position += len(data)
        return data

    def skip(self, length: int) -> None:
        self.position += length


def _disk_in_tar(source: ByteSource, reader: BoundedReader) -> Archived:
    cursor = _SourceCursor(reader)
    files: list[Member] = []
    disks: list[Member] = []
    archive = "tar"
    for member in members(cursor):
        if member.offset + member.size > source.size:
            raise TRUNCATED.error(
                f"The archive has {source.size} bytes, but its member {member.name[:200]!r} ends at"
                f" byte {member.offset + member.size}."
            )
        head = cursor.read(min(member.size, BLOCK))
        refuse_wrapped(head, archive)
        if not files and is_descriptor(head):
            archive = "OVA"
        files.append(member)
        if archive == "OVA" and _has_mark(source, member):
            disks.append(member)
    disk = only_disk(disks if archive == "OVA" else files, archive)
    digest = digest_of_disk(source, files[0], files, disk) if archive == "OVA" else None
    return Archived(archive, disk.name, disk.offset, disk.size, digest)


def _has_mark(source: ByteSource, member: Member) -> bool:
    """Whether a member is a disk image: an OVA holds other files too, which have no such mark."""
    image = SliceSource(source, member.offset, member.size)
    return bool(find_head_signatures(BoundedReader(image)))
