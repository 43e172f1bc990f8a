"""A source that holds a disk image, wrapped or not: one way to look at it, move it, compare it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from imageferry.imaging.checkpoint import NO_CHECKPOINTS, Checkpoints
from imageferry.imaging.disk import DiskWriter
from imageferry.imaging.formats import Format
from imageferry.imaging.inspect import inspect
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.moving import move
from imageferry.imaging.packaging.finding import find_package
from imageferry.imaging.packaging.glance import check_first_bytes
from imageferry.imaging.packaging.moving import MovedPackage, move_packaged
from imageferry.imaging.packaging.package import Archived, Package
from imageferry.imaging.readers.opening import open_reader
from imageferry.imaging.scratch import Scratch
from imageferry.imaging.source import ByteSource, StoppableSource
from imageferry.imaging.threads import StopSignal


def inspect_any(
    source: ByteSource, *, declared: Format | None, max_virtual_size: int
) -> tuple[Inspection | None, Package | None]:
    """Find out what can be known of a source without going through it.

    Args:
        source: The bytes.
        declared: The format that their owner says the image has, if any.
        max_virtual_size: The largest virtual size to accept, in bytes.

    Returns:
        What the image was found to be, ``None`` where it has to be decompressed first; and what
        it is wrapped in.

    Raises:
        ImageError: the image or its wrapping is refused.
    """
    package = find_package(source)
    if package is None:
        return inspect(source, declared=declared, max_virtual_size=max_virtual_size), None
    if isinstance(package, Archived):
        image = package.image(source)
        return inspect(image, declared=declared, max_virtual_size=max_virtual_size), package
    check_first_bytes(source, package, declared)
    return None, package


def move_any(
    source: ByteSource,
    writer: DiskWriter[Any],
    *,
    declared: Format | None,
    max_virtual_size: int,
    scratch: Scratch,
    hash_source: bool,
    stop: StopSignal,
    begin: Callable[[int], None],
    progress: Callable[[int], None],
    checkpoints: Checkpoints = NO_CHECKPOINTS,
) -> MovedPackage:
    """Write a source's disk anew, whatever the image is wrapped in.

    The arguments and errors are those of
    :func:`~imageferry.imaging.packaging.moving.move_packaged`.
    """
    package = find_package(source)
    if package is not None:
        return move_packaged(
            source,
            package,
            writer,
            declared=declared,
            max_virtual_size=max_virtual_size,
            scratch=scratch,
            hash_source=hash_source,
            stop=stop,
            begin=begin,
            progress=progress,
            checkpoints=checkpoints,
        )
    inspection = inspect(source, declared=declared, max_virtual_size=max_virtual_size)
    moved = move(
        source,
        open_reader(StoppableSource(source, stop), inspection),
        writer,
        scratch=scratch,
        hash_source=hash_source,
        stop=stop,
        begin=begin,
        progress=progress,
        checkpoints=checkpoints,
    )
    return MovedPackage(moved, inspection)
