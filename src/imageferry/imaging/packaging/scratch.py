"""An image unpacked into a file without a name, which is gone when the process is."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from imageferry.imaging.errors import INSUFFICIENT_SPACE, MORE_THAN_DECLARED
from imageferry.imaging.packaging.ahead import ahead
from imageferry.imaging.packaging.decompression import PIECE_SIZE
from imageferry.imaging.packaging.inflow import Payload
from imageferry.imaging.scratch import Scratch
from imageferry.imaging.source import FileSource
from imageferry.imaging.zeros import data_runs

_PIECES_AHEAD = 16


@contextmanager
def unpacked_file(
    payload: Payload, scratch: Scratch, progress: Callable[[int], None], *, largest: int
) -> Iterator[FileSource]:
    """Unpack an image into a file, in which zeros are holes.

    Args:
        payload: The image.
        scratch: Where the file is. It is claimed before the first byte is written.
        progress: Gets the compressed bytes that are done with, after each MiB.
        largest: The most bytes that the image may have.

    Raises:
        ImageError: the image is too long, or its wrapping is damaged, or there is no room for it.
        OSError: the file cannot be written.
    """
    payload.limit(largest, MORE_THAN_DECLARED)
    room = _claim(scratch, payload, largest)
    with tempfile.TemporaryFile(dir=scratch.folder) as file:
        size = 0
        with closing(ahead(_pieces(payload), _PIECES_AHEAD)) as pieces:
            for piece, consumed in pieces:
                for start, end in data_runs(piece):
                    room -= end - start
                    if room < 0:
                        raise INSUFFICIENT_SPACE.error(
                            f"The {payload.name} unpacks to more bytes than there was room for"
                            " when the task began to unpack them."
                        )
                    file.seek(size + start)
                    file.write(piece[start:end])
                size += len(piece)
                progress(consumed)
        file.truncate(size)
        with FileSource.of(file) as source:
            yield source


def _pieces(payload: Payload) -> Iterator[tuple[memoryview, int]]:
    """The image's bytes, and the compressed ones that were used up to there."""
    while parts := payload.take(PIECE_SIZE):
        for part in parts:
            yield part, payload.consumed
    payload.finish()


def _claim(scratch: Scratch, payload: Payload, largest: int) -> int:
    """The bytes that may be written: an archive says how long the image is, nothing else does."""
    if payload.size is None:
        return scratch.claim_at_most(largest)
    scratch.claim(payload.size)
    return payload.size
