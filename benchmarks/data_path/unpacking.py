"""The least time that unpacking a compressed image can take: in memory, nothing done with it."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import zstandard
from isal import isal_zlib

from imageferry.imaging.blocks import Block, blocks
from imageferry.imaging.formats import Format
from imageferry.imaging.inspect import inspect
from imageferry.imaging.parallel import in_order
from imageferry.imaging.readers.opening import open_reader
from imageferry.imaging.source import FileSource

_CHUNK = 64 * 1024
_BUFFER = 4 * 1024 * 1024
_LARGEST = 2**50


def unpack_clusters(path: Path, image_format: Format) -> None:
    """Unpack every cluster of an image by all processors, the file being in the page cache."""
    with FileSource(path) as source:
        reader = open_reader(
            source, inspect(source, declared=image_format, max_virtual_size=_LARGEST)
        )
        deque(in_order(_load, blocks(reader, _Direct(source))), maxlen=0)


def unpack_stream(path: Path) -> None:
    """Unpack a compressed file of one stream, which only one processor can do at a time.

    Into a buffer that is used again, as far as the library can: to put what it gives together
    takes it longer than to unpack it.
    """
    with path.open("rb") as file:
        if path.suffix == ".gz":
            unpacker = isal_zlib.decompressobj(31)
            while chunk := file.read(_CHUNK):
                unpacker.decompress(chunk)
        else:
            buffer = bytearray(_BUFFER)
            with zstandard.ZstdDecompressor().stream_reader(file, read_size=_CHUNK) as reader:
                while reader.readinto(buffer):
                    pass


class _Direct:
    def __init__(self, source: FileSource) -> None:
        self._source = source

    def take(self, place: int, length: int) -> bytes:
        return self._source.pread(place, length)


def _load(block: Block) -> int:
    return len(block.load())
