"""What the first bytes inside a wrapping tell of the image."""

from __future__ import annotations

from collections.abc import Iterator

from imageferry.imaging.formats import Format
from imageferry.imaging.inspect import decide
from imageferry.imaging.packaging.decompression import Decompressed
from imageferry.imaging.packaging.ends import HEAD_BYTES, EndsSource
from imageferry.imaging.packaging.inflow import Inflow, Payload
from imageferry.imaging.packaging.package import Compressed
from imageferry.imaging.reader import BoundedReader
from imageferry.imaging.signatures import find_head_signatures
from imageferry.imaging.source import ByteSource

_BYTES_READ = 256 * 1024
"""Twice the longest block of zstd, which gives out nothing before it has the whole of one."""

_MAX_BYTES = 1 << 40


class _NotThereYetError(Exception):
    """The bytes that were read do not unpack to what is looked for."""


def is_raw(payload: Payload, declared: Format | None) -> bool:
    """Whether an image seems to be raw; a fixed VHD shows itself at its end only.

    Args:
        payload: The image; nothing was read of it yet.
        declared: The format that its owner says it has, if any.

    Raises:
        ImageError: its format is not accepted, or not the one that was declared.
    """
    head = payload.peek(HEAD_BYTES)
    found = find_head_signatures(BoundedReader(EndsSource(head, b"", len(head))))
    if not found and declared in (None, Format.RAW, Format.VHD):
        return True
    decide(found, declared)
    return False


def check_first_bytes(source: ByteSource, package: Compressed, declared: Format | None) -> None:
    """Refuse what shows at once that it cannot be imported, in one small read.

    Args:
        source: The compressed image.
        package: How it is compressed.
        declared: The format that its owner says it has, if any.

    Raises:
        ImageError: it is damaged, or wrapped again, or its format is not accepted or not the one
            that was declared.
    """
    name = package.compression.value
    first = BoundedReader(source).read_available(0, _BYTES_READ, f"{name} data")
    unpacked = Decompressed(_chunks(first, source.size), package.compression, max_bytes=_MAX_BYTES)
    try:
        is_raw(Payload(Inflow(unpacked), package.compression), declared)
    except _NotThereYetError:
        return


def _chunks(first: bytes, size: int) -> Iterator[bytes]:
    yield first
    if size > len(first):
        raise _NotThereYetError
