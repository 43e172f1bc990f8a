"""Move a disk out of one image into another: the parts of the transfer, put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from imageferry.imaging import read_back
from imageferry.imaging.blocks import blocks
from imageferry.imaging.checkpoint import NO_CHECKPOINTS, NOTHING_HASHED, Checkpoints
from imageferry.imaging.disk import DiskReader, DiskWriter
from imageferry.imaging.plan import Plan
from imageferry.imaging.planned_source import plan_source
from imageferry.imaging.scratch import Scratch
from imageferry.imaging.source import ByteSource
from imageferry.imaging.source_digest import CheckedPart
from imageferry.imaging.source_progress import SourceProgress
from imageferry.imaging.threads import StopSignal
from imageferry.imaging.transfer import Transferred, transfer


@dataclass(frozen=True)
class Moved:
    """What came of moving a disk.

    Attributes:
        transferred: The target.
        taken: The bytes of the source that the disk was made of.
        source_sha256: The SHA-256 of the whole source in hexadecimal digits; empty if it was not
            wanted.
    """

    transferred: Transferred
    taken: int
    source_sha256: str


def move(
    source: ByteSource,
    reader: DiskReader,
    writer: DiskWriter[Any],
    *,
    scratch: Scratch,
    hash_source: bool,
    stop: StopSignal,
    begin: Callable[[int], None],
    progress: Callable[[int], None],
    hash_content: bool = True,
    checkpoints: Checkpoints = NO_CHECKPOINTS,
    part: CheckedPart | None = None,
) -> Moved:
    """Write a source's disk anew, or what an earlier transfer has left of it.

    Args:
        source: The image's bytes; it stays open until this returns.
        reader: The disk in them.
        writer: Writes it.
        scratch: For what memory has no room for, claimed beforehand.
        hash_source: Whether the SHA-256 of the whole source is wanted.
        stop: Ends the work early.
        begin: Gets the bytes of the source that the disk takes, before the first is moved.
        progress: Gets how many of them are done with, the hash of the source included.
        hash_content: Whether the hash of the guest's bytes is wanted.
        checkpoints: Where to go on, which the writer knows already, and where to note how far
            this transfer has come.
        part: A part of the source that has to have a digest.

    Raises:
        ImageError: the image is damaged, or a part of it has another digest.
        StoppedError: it was stopped.
        Exception: whatever reading the source or writing the target raised.
    """
    begun = checkpoints.begun
    plan = Plan.of(reader, source.size, begun.offset if begun else 0, stop=stop)
    begin(plan.total)
    with plan_source(
        source,
        plan,
        scratch=scratch,
        hash_source=hash_source,
        begun=begun.source if begun else NOTHING_HASHED,
        part=part,
    ) as planned:
        done = SourceProgress(
            progress,
            total=plan.total,
            size=source.size,
            hashed=planned.hashed if hash_source or part is not None else None,
        )
        transferred = transfer(
            blocks(reader, planned, plan.start),
            writer,
            lambda: reader.virtual_size,
            stop=stop,
            progress=done.taken,
            hash_content=hash_content,
            checkpoints=checkpoints,
            source_state=planned.state,
        )
        planned.finish(stop, done.show)
        return Moved(transferred, plan.total, planned.sha256)


def stored_checksum(
    source: ByteSource,
    reader: DiskReader,
    *,
    scratch: Scratch,
    stop: StopSignal,
    progress: Callable[[int], None],
) -> int:
    """The CRC-32 of the guest-visible bytes of a stored disk.

    Args:
        source: The image's bytes.
        reader: The disk in them.
        scratch: For what memory has no room for, claimed beforehand.
        stop: Ends the work early.
        progress: Gets the bytes of the disk that are done.

    Raises:
        ImageError: the image is damaged.
        StoppedError: it was stopped.
        Exception: whatever reading it raised.
    """
    plan = Plan.of(reader, source.size, stop=stop)
    with plan_source(source, plan, scratch=scratch, hash_source=False) as planned:
        return read_back.checksum(
            blocks(reader, planned), reader.virtual_size, stop=stop, progress=progress
        )
