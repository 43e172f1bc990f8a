"""What is found out about a disk, as the program that looks into it tells it."""

from __future__ import annotations

from typing import Annotated

import msgspec

MAX_TEXT = 200
MAX_FILE_SYSTEMS = 64
MAX_PROBLEMS = 8

Text = Annotated[str, msgspec.Meta(max_length=MAX_TEXT)]


class FileSystem(msgspec.Struct, frozen=True):
    """A file system, or what else fills a volume.

    Attributes:
        type: What people call it, as ``ext4``.
        size: The volume's size in bytes.
        place: Where it is, as ``partition 1``.
    """

    type: Text
    size: int
    place: Text


class DiskFacts(msgspec.Struct):
    """What is known of a disk so far. The limits hold whatever the program says.

    Attributes:
        partition_table: ``GPT`` or ``MBR`` or what else; empty for none.
        partitions: How many there are.
        file_systems: What they hold.
        operating_system: Its name, as ``Debian GNU/Linux 13 (trixie)``; empty if none was found.
        os_type: ``linux`` or ``windows``; empty if no operating system was found.
        bios: There is code that a BIOS starts.
        uefi: There is a boot loader where UEFI looks for one on a new machine.
        cloud_init: The operating system has cloud-init, or its like.
        problems: What could not be read, in words of the library that tried.
        complete: The program came to its end.
    """

    partition_table: Text = ""
    partitions: int = 0
    file_systems: Annotated[list[FileSystem], msgspec.Meta(max_length=MAX_FILE_SYSTEMS)] = (
        msgspec.field(default_factory=list)
    )
    operating_system: Text = ""
    os_type: Text = ""
    bios: bool = False
    uefi: bool = False
    cloud_init: bool = False
    problems: Annotated[list[Text], msgspec.Meta(max_length=MAX_PROBLEMS)] = msgspec.field(
        default_factory=list
    )
    complete: bool = False


def printable(text: str) -> str:
    """A text from a disk as it may be shown: one line, of a bounded length."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text[: MAX_TEXT * 2])
    return " ".join(shown.split())[:MAX_TEXT]
