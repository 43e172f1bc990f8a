"""Transfers that are cut off as by the death of a process, and what the next one goes on with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from imageferry.imaging.checkpoint import Checkpoint
from imageferry.imaging.threads import StoppedError
from imageferry.imaging.writers.qcow2 import Qcow2Writer
from imageferry.imaging.writers.raw import RawWriter


@dataclass
class Target:
    """The bytes of an image in the making."""

    data: bytearray = field(default_factory=bytearray)

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        self.data.extend(bytes(max(0, offset + len(data) - len(self.data))))
        self.data[offset : offset + len(data)] = data


@dataclass
class Died:
    """Checkpoints of a process that dies after so many blocks; the last was some blocks before."""

    blocks: int
    late: int
    writer: Qcow2Writer | RawWriter
    begun: Checkpoint | None = None
    kept: list[tuple[Checkpoint, bytes, int]] = field(default_factory=list)

    def offer(self, length: int, take: Callable[[], Checkpoint]) -> None:
        """Keep a checkpoint of each block, until it dies."""
        assert length >= 0
        if not self.blocks:
            raise StoppedError
        self.blocks -= 1
        self.kept.append((take(), self.writer.state(), self.writer.end))

    @property
    def last(self) -> tuple[Checkpoint, bytes, int] | None:
        """The last checkpoint, written down and read again."""
        kept = self.kept[: len(self.kept) - self.late]
        if not kept:
            return None
        checkpoint, writer, end = kept[-1]
        text = msgspec.msgpack.encode(checkpoint)
        return msgspec.msgpack.decode(text, type=Checkpoint), writer, end


@dataclass
class GoesOn:
    """The checkpoint that the next process goes on with, which dies no more."""

    begun: Checkpoint | None

    def offer(self, length: int, take: Callable[[], Checkpoint]) -> None:
        """Write nothing down."""
