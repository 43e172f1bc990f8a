"""Move a disk from an image of one format into an image of another: imports and exports alike.

Blocks are loaded, unpacked, hashed and packed by several threads, and written by one, in the
order of the disk. At most a window of them is in memory, whatever the disk's size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from typing import Generic

from imageferry.imaging.blocks import Block
from imageferry.imaging.content_checksum import ContentChecksum, block_checksum
from imageferry.imaging.content_hash import ContentHash, block_digest
from imageferry.imaging.disk import DiskWriter, Packed
from imageferry.imaging.parallel import in_order
from imageferry.imaging.threads import StopSignal


@dataclass(frozen=True)
class Transferred:
    """What a transfer has made.

    Attributes:
        size: The target's size in bytes.
        virtual_size: The disk's size in bytes.
        content_sha256: The hash of the guest's bytes; see
            :mod:`imageferry.imaging.content_hash`.
        content_crc32: Their checksum, by which what was stored is read back.
    """

    size: int
    virtual_size: int
    content_sha256: str
    content_crc32: int


@dataclass(frozen=True)
class _Worked(Generic[Packed]):
    offset: int
    length: int
    cost: int
    digest: bytes
    checksum: int
    packed: Packed


def transfer(
    blocks: Iterable[Block],
    writer: DiskWriter[Packed],
    virtual_size: Callable[[], int],
    *,
    stop: StopSignal,
    progress: Callable[[int], None],
    threads: int = 0,
) -> Transferred:
    """Write all blocks of a disk.

    Args:
        blocks: The blocks that hold data, by offset. They are asked for in this thread, a window
            ahead of the writer.
        writer: Writes them. Nothing of it runs any more when this returns or raises.
        virtual_size: Tells the disk's size in bytes, once all blocks were asked for.
        stop: Ends the transfer early.
        progress: Gets the bytes of the source that are done with, after each block.
        threads: How many blocks are worked on at a time; 0 for the default.

    Raises:
        StoppedError: it was stopped.
        Exception: whatever loading, packing or writing raised.
    """

    def work(block: Block) -> _Worked[Packed]:
        data = block.load()
        return _Worked(
            block.offset,
            len(data),
            block.cost,
            block_digest(data),
            block_checksum(data),
            writer.pack(block.offset, data),
        )

    content, checksum = ContentHash(), ContentChecksum()
    done = 0
    with closing(in_order(work, blocks, threads=threads)) as worked:
        for item in worked:
            stop.check()
            writer.append(item.packed)
            content.add(item.offset, item.digest)
            checksum.add(item.offset, item.length, item.checksum)
            done += item.cost
            progress(done)
    size = virtual_size()
    return Transferred(writer.finish(size), size, content.finish(size), checksum.finish(size))
