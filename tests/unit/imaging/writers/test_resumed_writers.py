"""A writer that goes on for another one, from any state of it, writes the same image."""

from __future__ import annotations

import hashlib
import os
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from imageferry.imaging.disk import BLOCK_SIZE, ResumableWriter
from imageferry.imaging.hashed_output import HashedOutput
from imageferry.imaging.threads import StopSignal
from imageferry.imaging.writers.opening import LAYOUTS, QCOW2_ZLIB, VHD, Layout
from imageferry.imaging.writers.qcow2 import CLUSTER_SIZE
from support.written import FileOutput, made_blocks, planned

VIRTUAL_SIZE = 1100 * 1024 * 1024 + 512
NOISE = Random(1).randbytes(3 * CLUSTER_SIZE)
PIECES = {
    0: b"boot",
    BLOCK_SIZE + 5: NOISE,
    6 * BLOCK_SIZE: b"text" * CLUSTER_SIZE,
    130 * BLOCK_SIZE: NOISE + b"next table",
    131 * BLOCK_SIZE - 700: b"at the end of a block",
    VIRTUAL_SIZE - 100: b"end",
}


class Image:
    """An image in memory that can be written in any order, holes left out."""

    def __init__(self, pieces: dict[int, bytes]) -> None:
        self.pieces = pieces

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        self.pieces[offset] = bytes(data)

    def before(self, end: int) -> Image:
        """What of it lies before a place."""
        return Image({at: data for at, data in self.pieces.items() if at + len(data) <= end})


def packed_blocks(writer: ResumableWriter[Any]) -> list[Any]:
    blocks = made_blocks(VIRTUAL_SIZE, PIECES)
    return [writer.pack(block.offset, block.load()) for block in blocks]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_from_every_state_the_same_image_is_written(layout: Layout) -> None:
    whole = Image({})
    first = layout.open(whole, planned(VIRTUAL_SIZE, PIECES))
    blocks, states = packed_blocks(first), []
    for block in blocks:
        first.append(block)
        states.append((first.state(), first.end))
    size = first.finish(VIRTUAL_SIZE)

    for done, (state, end) in enumerate(states, 1):
        image = whole.before(end)
        second = layout.open(image, planned(VIRTUAL_SIZE, PIECES), state)
        assert (second.state(), second.end) == (state, end)
        for block in blocks[done:]:
            second.append(block)
        assert second.finish(VIRTUAL_SIZE) == size
        assert image.pieces == whole.pieces


def test_the_hash_of_an_image_is_gone_on_with() -> None:
    hashed = HashedOutput(Image({}), StopSignal())
    first = VHD.open(hashed, planned(VIRTUAL_SIZE, PIECES))
    blocks, states = packed_blocks(first), []
    for block in blocks:
        first.append(block)
        states.append((first.state(), hashed.state))
    expected = hashed.finish(first.finish(VIRTUAL_SIZE))

    state, begun = states[len(states) // 2]
    again = HashedOutput(Image({}), StopSignal(), begun)
    second = VHD.open(again, planned(VIRTUAL_SIZE, PIECES), state)
    for block in blocks[len(states) // 2 + 1 :]:
        second.append(block)
    assert again.finish(second.finish(VIRTUAL_SIZE)) == expected


def test_a_hash_that_is_gone_on_with_takes_the_zeros_between_into_account() -> None:
    first = HashedOutput(Image({}), StopSignal())
    first.write(0, b"head")
    second = HashedOutput(Image({}), StopSignal(), first.state)
    second.write(10, b"data")
    assert second.finish(20) == hashlib.sha256(b"head" + bytes(6) + b"data" + bytes(6)).hexdigest()


def test_the_refcounts_of_a_large_image_are_written_on_the_way(tmp_path: Path) -> None:
    """Of more than 2 GiB, of which the first are clusters that cannot be compressed."""
    plain, small = Random(2).randbytes(BLOCK_SIZE), Random(3).randbytes(1024) * (BLOCK_SIZE // 1024)
    path = tmp_path / "image"
    output = SparseOutput(path, plain)
    writer: ResumableWriter[Any] = QCOW2_ZLIB.open(output, planned(0, {}))
    kinds = [writer.pack(0, plain)] * 511 + [writer.pack(0, small)] * 500
    for number, packed in enumerate(kinds):
        if number == 700:
            writer = QCOW2_ZLIB.open(output, planned(0, {}), writer.state())
        writer.append(moved(packed, number * BLOCK_SIZE // CLUSTER_SIZE))
        assert len(writer.state()) < 3 * CLUSTER_SIZE
    output.finish(writer.finish(len(kinds) * BLOCK_SIZE))

    checked = subprocess.run(
        ["qemu-img", "check", "-f", "qcow2", str(path)], check=True, capture_output=True, text=True
    )
    assert "No errors were found" in checked.stdout
    with path.open("rb") as file:
        (table,) = struct.unpack(">Q", os.pread(file.fileno(), 8, 48))
        first, second = struct.unpack(">QQ", os.pread(file.fileno(), 16, table))
    assert 0 < first < second - CLUSTER_SIZE


def moved(packed: Sequence[Any], first: int) -> list[Any]:
    """The packed block at another cluster of the disk."""
    return [replace(run, cluster=run.cluster + first) for run in packed]


class SparseOutput(FileOutput):
    """An image of which some data stays a hole, to be small."""

    def __init__(self, path: Path, hole: bytes) -> None:
        super().__init__(path)
        self._holes = {hole[at : at + CLUSTER_SIZE] for at in range(0, len(hole), CLUSTER_SIZE)}

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        if bytes(data) not in self._holes:
            super().write(offset, data)
