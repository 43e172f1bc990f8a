"""The disks that are measured with: partly data, mostly holes, as virtual machines' are."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import BinaryIO

MIB = 2**20
GROUP = 128 * MIB
"""A file system keeps its files together at the beginning of groups of this size."""

_CLUSTER = 4096
_POOL = 16 * MIB
_MEDIAN_FILE = 16 * 1024
_SPREAD = 2.2
_LARGEST_FILE = 8 * MIB
_LARGEST_GAP = 16 * _CLUSTER
_FILES_FOR_A_GAP = 8
_WORDS = 4000
_PHRASES = 200


class Content(Enum):
    """What the files on a disk hold.

    ``FILES`` are like those of an installed system: a third of the bytes is text, a third as
    programs are, a third cannot be compressed. ``RANDOM`` cannot be compressed at all.
    """

    FILES = "files"
    RANDOM = "random"


def make_raw_disk(
    path: Path,
    *,
    virtual_size: int,
    data_size: int,
    content: Content = Content.FILES,
    seed: int = 1,
) -> None:
    """Write a sparse raw disk: groups of files of all sizes with small gaps between them.

    Args:
        path: The file to write.
        virtual_size: Its size in bytes.
        data_size: The bytes of it that are data, about.
        content: What the files hold.
        seed: Makes the same disk every time.
    """
    rng = random.Random(seed)
    make = _maker(content, rng)
    with path.open("wb") as file:
        file.truncate(virtual_size)
        for start in range(0, virtual_size, GROUP):
            end = min(start + GROUP, virtual_size)
            _fill(file, start, (end - start) * data_size // virtual_size, make, rng)
        file.flush()
        os.fsync(file.fileno())


def _fill(
    file: BinaryIO, start: int, size: int, make: Callable[[int], bytes], rng: random.Random
) -> None:
    """Write so many bytes of files from ``start`` on."""
    file.seek(start)
    for length in _lengths(size, rng):
        file.write(make(length))
        gap = -length % _CLUSTER
        if rng.randrange(_FILES_FOR_A_GAP) == 0:
            gap += rng.randrange(0, _LARGEST_GAP, _CLUSTER)
        file.seek(gap, os.SEEK_CUR)


def _lengths(size: int, rng: random.Random) -> Iterator[int]:
    """Lengths of files that make up ``size`` bytes, less the gaps that follow them."""
    mean_gap = _CLUSTER // 2 + _LARGEST_GAP // 2 // _FILES_FOR_A_GAP
    while size > 0:
        drawn = int(_MEDIAN_FILE * rng.lognormvariate(0, _SPREAD))
        length = max(1, min(size, drawn, _LARGEST_FILE))
        yield length
        size -= length + mean_gap


def _maker(content: Content, rng: random.Random) -> Callable[[int], bytes]:
    """What makes the content of a file of some length."""
    if content is Content.RANDOM:
        return rng.randbytes
    pools = [_text(rng), _program(rng)]

    def make(length: int) -> bytes:
        kind = rng.randrange(3)
        if kind == len(pools):
            return rng.randbytes(length)
        begin = rng.randrange(_POOL - length)
        return pools[kind][begin : begin + length]

    return make


def _text(rng: random.Random) -> bytes:
    words = [rng.randbytes(rng.randrange(1, 6)).hex().encode() for _ in range(_WORDS)]
    text = b" ".join(rng.choices(words, k=_POOL // 4))
    return text[:_POOL]


def _program(rng: random.Random) -> bytes:
    """Half of the bytes repeat what came shortly before, as instructions and tables do."""
    phrases = [rng.randbytes(16) for _ in range(_PHRASES)]
    steps = range(_POOL // 32)
    return b"".join(rng.randbytes(16) + rng.choice(phrases) for _ in steps)
