"""An image unpacked into a file without a name, which is gone when the process is."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from imageferry.imaging.packaging.decompression import PIECE_SIZE
from imageferry.imaging.packaging.inflow import Payload
from imageferry.imaging.source import FileSource
from imageferry.imaging.zeros import data_runs


@contextmanager
def unpacked_file(
    payload: Payload, folder: Path, progress: Callable[[int], None]
) -> Iterator[FileSource]:
    """Unpack an image into a file, in which zeros are holes.

    Args:
        payload: The image, as long as it may be.
        folder: Where the file is.
        progress: Gets the compressed bytes that are done with, after each MiB.

    Raises:
        ImageError: the image is too long, or its wrapping is damaged.
        OSError: the file cannot be written.
    """
    with tempfile.TemporaryFile(dir=folder) as file:
        size = 0
        while data := payload.read(PIECE_SIZE):
            view = memoryview(data)
            for start, end in data_runs(view):
                file.seek(size + start)
                file.write(view[start:end])
            size += len(data)
            progress(payload.consumed)
        payload.finish()
        file.truncate(size)
        with FileSource.of(file) as source:
            yield source
