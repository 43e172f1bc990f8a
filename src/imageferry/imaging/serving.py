"""Put a source where qemu-img can read it, and explain its failures by the source's own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from imageferry.imaging.errors import SOURCE_FAILED, ImageError
from imageferry.imaging.formats import Format
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.nbd import NbdServer
from imageferry.imaging.qemu_img import ImageNode
from imageferry.imaging.source import ByteSource
from imageferry.imaging.threads import uninterrupted

_REREAD_FACTOR = 16
"""How often a sound image's bytes are read at most: qemu reads whole sectors around
small compressed clusters."""

_REREAD_FREE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Served:
    """A source that is being served.

    Attributes:
        server: Who serves it.
        node: How qemu-img opens it.
    """

    server: NbdServer
    node: ImageNode


@contextlib.asynccontextmanager
async def serve(source: ByteSource, inspection: Inspection) -> AsyncIterator[Served]:
    """Serve a source while the block runs.

    Where the block fails with an error of ours and the source had failed before, the
    source's failure is raised in its place: it is the cause.

    Args:
        source: The bytes.
        inspection: What they are.

    Raises:
        ImageError: the source failed, or reads of it exceeded what a sound image needs.
    """
    server = NbdServer(source, read_limit=_read_limit(source, inspection))
    try:
        await _open(server)
        yield Served(server, ImageNode.at_socket(inspection, server.path))
    except ImageError as error:
        if server.failure is not None:
            raise source_error(server.failure) from error
        raise
    finally:
        await uninterrupted(asyncio.to_thread(server.close))


async def _open(server: NbdServer) -> None:
    try:
        await uninterrupted(asyncio.to_thread(server.open))
    except Exception as error:
        raise source_error(error) from error


def source_error(failure: Exception) -> ImageError:
    """The error for a source that failed in whatever way it fails."""
    if isinstance(failure, ImageError):
        return failure
    return SOURCE_FAILED.error(f"Reading the source failed: {failure}")


def _read_limit(source: ByteSource, inspection: Inspection) -> int | None:
    """Bytes that qemu-img may read of a source, so that shared clusters do not multiply them.

    For each compressed grain of a VMDK, qemu reads twice the grain's uncompressed size,
    so there the reads say nothing.
    """
    if inspection.format is Format.VMDK and inspection.compressed:
        return None
    return _REREAD_FREE_BYTES + _REREAD_FACTOR * source.size
