"""Looks into a disk and prints what it finds: run as ``python -m ...program SOCKET``.

The disk is hostile, and so is all that a library makes of it. So this runs in a process of
its own, under the guard, with limits; and once it has its libraries and its one connection
it can open nothing any more, neither a file of the host nor a socket.

Each line that it prints is all that it knows by then, so that what was found before a crash
is not lost. It is the only program here that loads the Dissect libraries, which are under
the AGPL; the service itself never does.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import resource
import sys
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

import msgspec
from dissect.hypervisor.disk.qcow2 import QCow2

from imageferry.imaging.contents import marks
from imageferry.imaging.contents.facts import (
    MAX_FILE_SYSTEMS,
    MAX_PROBLEMS,
    DiskFacts,
    FileSystem,
    printable,
)
from imageferry.imaging.contents.nbd_client import NbdFile
from imageferry.imaging.contents.operating_system import has_uefi_loader, recognize
from imageferry.imaging.contents.trees import trees
from imageferry.imaging.contents.volumes import PartitionedDisk, Volume, logical_volumes

_BUFFER_BYTES = 64 * 1024
_STANDARD_STREAMS = 3
_LAZY_CODECS = ("utf-16-le", "ibm437", "latin-1", "ascii", "unicode_escape")


def main(path: str) -> None:
    """Print what is found of the qcow2 image behind a socket."""
    image = io.BufferedReader(NbdFile(path), _BUFFER_BYTES)
    seal()
    disk = QCow2(cast("BinaryIO", image)).open()
    examine(disk, int(disk.size), _print)


def seal() -> None:
    """Give up the right to open anything."""
    for name in _LAZY_CODECS:
        codecs.lookup(name)
    resource.setrlimit(resource.RLIMIT_NOFILE, (_STANDARD_STREAMS, _STANDARD_STREAMS))


def examine(disk: BinaryIO, size: int, report: Callable[[DiskFacts], None]) -> None:
    """Find out what a disk holds.

    Args:
        disk: Its bytes.
        size: How many.
        report: Gets what is known so far, again and again.
    """
    facts = DiskFacts()
    with _noted(facts, "the partition table"):
        partitioned = PartitionedDisk(disk, size)
        facts.partition_table = partitioned.table
        facts.partitions = len(partitioned)
        facts.bios = partitioned.starts_by_bios
        report(facts)
        for volume in partitioned.volumes():
            _examine_volume(volume, facts)
            report(facts)
    facts.complete = True
    report(facts)


def _examine_volume(volume: Volume, facts: DiskFacts) -> None:
    with _noted(facts, volume.place):
        kind = marks.file_system(_reader(volume.stream))
        if kind == marks.LVM:
            for logical in logical_volumes(volume):
                with _noted(facts, logical.place):
                    _examine_file_system(logical, marks.file_system(_reader(logical.stream)), facts)
        else:
            _examine_file_system(volume, kind, facts)


def _examine_file_system(volume: Volume, kind: str, facts: DiskFacts) -> None:
    if not kind or len(facts.file_systems) == MAX_FILE_SYSTEMS:
        return
    place = printable(volume.place)
    facts.file_systems.append(FileSystem(kind, int(volume.size), place))
    name, found = trees(kind, volume.stream)
    facts.file_systems[-1] = FileSystem(name, int(volume.size), place)
    for tree in found:
        recognize(tree, facts)
        facts.uefi = facts.uefi or (kind == marks.FAT and has_uefi_loader(tree))


@contextlib.contextmanager
def _noted(facts: DiskFacts, what: str) -> Iterator[None]:
    """Note what cannot be read, and go on: a library may fail at such bytes in any way."""
    try:
        yield
    except Exception as error:  # noqa: BLE001
        if len(facts.problems) < MAX_PROBLEMS:
            facts.problems.append(printable(f"{what}: {_reason(error)}"))


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "it needs more memory than the checks may use"
    return str(error).rstrip(".") or type(error).__name__


def _reader(stream: BinaryIO) -> marks.ReadBytes:
    def read(offset: int, length: int) -> bytes:
        stream.seek(offset)
        return bytes(stream.read(length))

    return read


def _print(facts: DiskFacts) -> None:
    sys.stdout.write(msgspec.json.encode(facts).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
