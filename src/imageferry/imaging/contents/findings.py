"""What the checks of a disk say to its owner: each one sentence, with a risk where there is one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from imageferry.imaging.contents.facts import DiskFacts

PARTITION_TABLE = "PartitionTable"
FILE_SYSTEM = "FileSystem"
OPERATING_SYSTEM = "OperatingSystem"
BOOT_MODE = "BootMode"
CLOUD_INIT = "CloudInit"
DETECTION = "Detection"

HIGH = "High"
"""Instances will probably not start."""
MEDIUM = "Medium"
"""Instances may start and not be as they were meant to be."""
LOW = "Low"
"""Worth knowing."""

_SHOWN_FILE_SYSTEMS = 8
_UNITS = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes:
        name: The check.
        value: What it found, as a sentence.
        risk_code: What may go wrong, in a word for programs; empty for nothing.
        risk_level: How bad that is: ``High``, ``Medium``, ``Low``, or empty.
    """

    name: str
    value: str
    risk_code: str = ""
    risk_level: str = ""


@dataclass(frozen=True)
class Expected:
    """What the import was told about its disk.

    Attributes:
        boot_mode: ``BIOS`` or ``UEFI``, in any case.
        os_type: ``linux`` or ``windows``, in any case.
        is_system: Instances start from the disk.
    """

    boot_mode: str
    os_type: str
    is_system: bool


def findings(facts: DiskFacts, expected: Expected) -> Iterator[Finding]:
    """What the facts mean for the image; of a data disk only what it holds is told."""
    yield _partition_table(facts)
    yield _file_system(facts)
    if expected.is_system:
        yield _operating_system(facts, expected.os_type.lower())
        yield _boot_mode(facts, expected.boot_mode.upper())
        yield _cloud_init(facts)
    if facts.problems:
        yield Finding(
            DETECTION,
            f"Some of the disk could not be read: {'; '.join(facts.problems)}.",
            "Detection.Incomplete",
            LOW,
        )


def incomplete(reason: str) -> Finding:
    """That the checks did not come to their end."""
    return Finding(
        DETECTION,
        f"The checks did not come to their end: {reason}. The import is not affected.",
        "Detection.Incomplete",
        LOW,
    )


def _partition_table(facts: DiskFacts) -> Finding:
    if facts.partition_table:
        count = _count(facts.partitions, "partition")
        text = f"The disk has a {facts.partition_table} partition table with {count}."
        return Finding(PARTITION_TABLE, text)
    if facts.file_systems:
        text = "The disk has no partition table; a file system fills it."
        return Finding(PARTITION_TABLE, text, "PartitionTable.NotFound", LOW)
    text = "The disk has no partition table that is known here."
    return Finding(PARTITION_TABLE, text, "PartitionTable.NotFound", HIGH)


def _file_system(facts: DiskFacts) -> Finding:
    if not facts.file_systems:
        text = "No file system that is known here was found on the disk."
        return Finding(FILE_SYSTEM, text, "FileSystem.NotFound", HIGH)
    shown = [
        f"{found.type} ({_size(found.size)}) on {found.place}"
        for found in facts.file_systems[:_SHOWN_FILE_SYSTEMS]
    ]
    if more := len(facts.file_systems) - len(shown):
        shown.append(f"{more} more")
    return Finding(FILE_SYSTEM, f"The disk holds {', '.join(shown)}.")


def _operating_system(facts: DiskFacts, expected: str) -> Finding:
    if not facts.os_type:
        text = "No operating system was found on the disk."
        return Finding(OPERATING_SYSTEM, text, "OperatingSystem.NotFound", MEDIUM)
    text = f"The operating system is {facts.operating_system}."
    if facts.os_type != expected:
        text = f"{text} The import says OSType={expected}: import with OSType={facts.os_type}."
        return Finding(OPERATING_SYSTEM, text, "OperatingSystem.Mismatch", MEDIUM)
    return Finding(OPERATING_SYSTEM, text)


def _boot_mode(facts: DiskFacts, expected: str) -> Finding:
    modes = [mode for mode, found in (("BIOS", facts.bios), ("UEFI", facts.uefi)) if found]
    if not modes:
        text = "No boot loader was found on the disk, neither for BIOS nor for UEFI."
        return Finding(BOOT_MODE, text, "BootMode.NotFound", HIGH)
    text = f"The disk has a boot loader for {' and '.join(modes)}."
    if expected not in modes:
        text = f"{text} The image is to start by {expected}: import with BootMode={modes[0]}."
        return Finding(BOOT_MODE, text, "BootMode.Mismatch", HIGH)
    return Finding(BOOT_MODE, text)


def _cloud_init(facts: DiskFacts) -> Finding:
    if facts.cloud_init:
        return Finding(CLOUD_INIT, "The operating system has cloud-init, or its like for Windows.")
    text = (
        "cloud-init was not found: instances will not take their host name, password and keys "
        "from the cloud."
    )
    return Finding(CLOUD_INIT, text, "CloudInit.NotFound", MEDIUM)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _size(size: int) -> str:
    for unit, name in _UNITS:
        if size >= unit:
            return f"{size / unit:.3g} {name}"
    return f"{size} bytes"
