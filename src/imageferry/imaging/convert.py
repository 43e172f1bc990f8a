"""Convert a disk image from any source into a file of another format."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from imageferry.imaging.errors import CORRUPT
from imageferry.imaging.formats import Format
from imageferry.imaging.hashing import SourceHash
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.lease import Lease
from imageferry.imaging.nbd import NbdServer
from imageferry.imaging.program import Limits
from imageferry.imaging.qemu_img import QemuImg
from imageferry.imaging.serving import Served, serve, source_error
from imageferry.imaging.source import ByteSource
from imageferry.imaging.threads import in_thread, uninterrupted

_PROGRESS_SECONDS = 0.2
_MIB = 1024 * 1024
_DATA_BYTES = 1024 * _MIB
_CPU_SECONDS_BASE = 120
_SLOWEST_BYTES_PER_CPU_SECOND = 4 * _MIB


@dataclass(frozen=True)
class Conversion:
    """What a conversion has made.

    Attributes:
        size: The target's size in bytes.
        virtual_size: The disk's size in bytes, as the guest sees it.
        source_size: The source's size in bytes.
        source_sha256: The SHA-256 of all of the source's bytes, in hexadecimal digits; empty
            if it was not wanted.
    """

    size: int
    virtual_size: int
    source_size: int
    source_sha256: str


def default_limits(virtual_size: int) -> Limits:
    """What a conversion may use for a disk of ``virtual_size`` bytes.

    No format needs more than a small part beyond the disk's own size for its tables, so the
    limit of the file's size stops whatever unpacks to more than it declares.
    """
    return Limits(
        cpu_seconds=_CPU_SECONDS_BASE + virtual_size // _SLOWEST_BYTES_PER_CPU_SECOND,
        file_bytes=virtual_size + virtual_size // 64 + 16 * _MIB,
        data_bytes=_DATA_BYTES,
    )


async def convert(
    source: ByteSource,
    inspection: Inspection,
    target: Path,
    target_format: Format,
    *,
    qemu_img: QemuImg,
    lease: Lease,
    progress: Callable[[int], None],
    hash_source: bool = True,
    limits: Limits | None = None,
) -> Conversion:
    """Write a source's disk into a file, and hash the source meanwhile.

    Args:
        source: The image to read; it stays open until this returns.
        inspection: What the image was found to be.
        target: The file to write: a temporary name, as it is written in place. Whatever is
            there is overwritten, and on any failure or cancellation nothing is.
        target_format: The format to write.
        qemu_img: The program to use.
        lease: How long the conversion may go on.
        progress: Gets the bytes of the source that are done with, several times a second,
            never less than before; the source's size only at the end.
        hash_source: Whether to compute the SHA-256 of the source.
        limits: What the conversion may use, if not the default for the virtual size.

    Raises:
        ImageError: it failed.
        LeaseExpiredError: the lease was not renewed in time.
    """
    limits = limits or default_limits(inspection.virtual_size)
    hashing = SourceHash(source) if hash_source else None
    await asyncio.to_thread(_remove, target)
    try:
        async with serve(source, inspection) as served:
            if inspection.format is Format.QCOW2 and not inspection.complete:
                await _check_source(qemu_img, served, lease)
            jobs = [
                asyncio.create_task(
                    qemu_img.convert(served.node, target, target_format, limits=limits, lease=lease)
                )
            ]
            if hashing is not None:
                jobs.append(asyncio.create_task(_hash(hashing)))
            await _finish(jobs, lambda: progress(_bytes_done(served.server, hashing)))
        size = await asyncio.to_thread(_sync, target)
    except BaseException:
        await uninterrupted(asyncio.to_thread(_remove, target))
        raise
    progress(source.size)
    return Conversion(
        size,
        inspection.virtual_size,
        source.size,
        hashing.hexdigest if hashing is not None else "",
    )


async def _check_source(qemu_img: QemuImg, served: Served, lease: Lease) -> None:
    """Have qemu-img look at tables that were too many for the inspection."""
    complaint = await qemu_img.check(served.node, Format.QCOW2, lease=lease, allow_leaks=True)
    if complaint:
        raise CORRUPT.error(f"qemu-img check finds: {complaint}")


async def _hash(hashing: SourceHash) -> None:
    try:
        await in_thread(hashing.compute)
    except Exception as error:
        raise source_error(error) from error


def _bytes_done(server: NbdServer, hashing: SourceHash | None) -> int:
    """Bytes of the source that are both hashed and converted; all of them only at the end."""
    hashed = hashing.bytes_done if hashing is not None else server.bytes_read
    return min(server.bytes_read, hashed, server.source.size - 1)


async def _finish(jobs: list[asyncio.Task[None]], report: Callable[[], None]) -> None:
    """Wait for all jobs, reporting meanwhile; when one fails, end the others and raise."""
    pending = set(jobs)
    try:
        while pending:
            done, pending = await asyncio.wait(
                pending, timeout=_PROGRESS_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            for job in done:
                job.result()
            report()
    finally:
        for job in jobs:
            job.cancel()
        await uninterrupted(asyncio.gather(*jobs, return_exceptions=True))


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _sync(path: Path) -> int:
    """Make a file and its name durable; its size in bytes."""
    for item, flags in ((path, os.O_RDONLY), (path.parent, os.O_RDONLY | os.O_DIRECTORY)):
        descriptor = os.open(item, flags | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    return path.stat().st_size
