"""Move a disk from an image of one format into an image of another: imports and exports alike.

Blocks are loaded, unpacked, hashed and packed by several threads, and written by one, in the
order of the disk. At most a window of them is in memory, whatever the disk's size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Generic

from imageferry.imaging.blocks import Block
from imageferry.imaging.checkpoint import (
    NO_CHECKPOINTS,
    NOTHING_HASHED,
    Checkpoint,
    Checkpoints,
    SourceState,
)
from imageferry.imaging.content_checksum import ContentChecksum, block_checksum
from imageferry.imaging.content_hash import ContentHash, block_digest
from imageferry.imaging.disk import BLOCK_SIZE, DiskWriter, Packed
from imageferry.imaging.parallel import in_order
from imageferry.imaging.threads import StopSignal
from imageferry.imaging.zeros import is_zero


@dataclass(frozen=True)
class Transferred:
    """What a transfer has made.

    Attributes:
        size: The target's size in bytes.
        virtual_size: The disk's size in bytes.
        content_hash: The hash of the guest's bytes, if it was wanted; see
            :mod:`imageferry.imaging.content_hash`.
        content_crc32: Their checksum, by which what was stored is read back.
    """

    size: int
    virtual_size: int
    content_hash: str
    content_crc32: int


@dataclass(frozen=True)
class _Data(Generic[Packed]):
    digest: bytes
    checksum: int
    packed: Packed


@dataclass(frozen=True)
class _Worked(Generic[Packed]):
    offset: int
    length: int
    cost: int
    data: _Data[Packed] | None
    """``None`` where it is zero: it is left out, as most of a raw disk is."""


def transfer(
    blocks: Iterable[Block],
    writer: DiskWriter[Packed],
    virtual_size: Callable[[], int],
    *,
    stop: StopSignal,
    progress: Callable[[int], None],
    threads: int = 0,
    hash_content: bool = True,
    checkpoints: Checkpoints = NO_CHECKPOINTS,
    source_state: Callable[[], SourceState] = lambda: NOTHING_HASHED,
) -> Transferred:
    """Write all blocks of a disk, or those that an earlier transfer has left.

    Args:
        blocks: The blocks that hold data, by offset. They are asked for in this thread, a window
            ahead of the writer.
        writer: Writes them. Nothing of it runs any more when this returns or raises.
        virtual_size: Tells the disk's size in bytes, once all blocks were asked for.
        stop: Ends the transfer early.
        progress: Gets the bytes of the source that are done with, after each block.
        threads: How many blocks are worked on at a time; 0 for the default.
        hash_content: Whether the hash of the guest's bytes is wanted.
        checkpoints: Where to go on, which the blocks and the writer know already, and where to
            note how far this transfer has come.
        source_state: How far the source was hashed.

    Raises:
        StoppedError: it was stopped.
        Exception: whatever loading, packing or writing raised.
    """

    def work(block: Block) -> _Worked[Packed]:
        data = block.load()
        if is_zero(data):
            return _Worked(block.offset, len(data), block.cost, None)
        digest = block_digest(data) if hash_content else b""
        made = _Data(digest, block_checksum(data), writer.pack(block.offset, data))
        return _Worked(block.offset, len(data), block.cost, made)

    tally = _Tally(checkpoints.begun, source_state)
    if checkpoints.begun is not None:
        progress(tally.done)
    with closing(in_order(work, blocks, threads=threads)) as worked:
        for item in worked:
            stop.check()
            if item.data is not None:
                writer.append(item.data.packed)
            tally.add(item)
            progress(tally.done)
            checkpoints.offer(item.cost if item.data is None else item.length, tally.checkpoint)
    size = virtual_size()
    return Transferred(
        writer.finish(size),
        size,
        tally.content.finish(size) if hash_content else "",
        tally.checksum.finish(size),
    )


class _Tally:
    """What is known of the blocks that were written, those of an earlier transfer included."""

    def __init__(self, begun: Checkpoint | None, source_state: Callable[[], SourceState]) -> None:
        self.content = ContentHash(begun.content_hash) if begun else ContentHash()
        self.checksum = ContentChecksum(begun.content_checksum) if begun else ContentChecksum()
        self.done = begun.done if begun else 0
        self._offset = begun.offset if begun else 0
        self._source_state = source_state

    def add(self, block: _Worked[Any]) -> None:
        if block.data is not None:
            if block.data.digest:
                self.content.add(block.offset, block.data.digest)
            self.checksum.add(block.offset, block.length, block.data.checksum)
        self.done += block.cost
        self._offset = block.offset + BLOCK_SIZE

    def checkpoint(self) -> Checkpoint:
        return Checkpoint(
            offset=self._offset,
            done=self.done,
            content_hash=self.content.state,
            content_checksum=self.checksum.state,
            source=self._source_state(),
        )
