"""Read a stored disk back and compute its checksum: what was written is what can be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing

from imageferry.imaging.blocks import Block
from imageferry.imaging.content_checksum import ContentChecksum, block_checksum
from imageferry.imaging.parallel import in_order
from imageferry.imaging.threads import StopSignal


def checksum(
    blocks: Iterable[Block],
    virtual_size: int,
    *,
    stop: StopSignal,
    progress: Callable[[int], None],
) -> int:
    """The CRC-32 of a disk's guest-visible bytes.

    Args:
        blocks: The blocks that hold data, by offset.
        virtual_size: The disk's size in bytes.
        stop: Ends the work early.
        progress: Gets the bytes of the disk that are done, after each block.

    Raises:
        StoppedError: it was stopped.
        Exception: whatever loading a block raised.
    """

    def work(block: Block) -> tuple[int, int, int]:
        data = block.load()
        return block.offset, len(data), block_checksum(data)

    content = ContentChecksum()
    with closing(in_order(work, blocks)) as worked:
        for offset, length, crc in worked:
            stop.check()
            content.add(offset, length, crc)
            progress(offset + length)
    return content.finish(virtual_size)
