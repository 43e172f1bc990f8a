"""What the checks say of real disks, and of disks that were made to do harm."""

from __future__ import annotations

import asyncio
import lzma
import random
import struct
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from imageferry.imaging.contents import checks
from imageferry.imaging.contents.checks import LIMITS, check_contents
from imageferry.imaging.contents.findings import Expected
from imageferry.imaging.inspect import inspect
from imageferry.imaging.lease import Lease
from imageferry.imaging.program import Limits
from imageferry.imaging.qemu_img import QemuImg
from imageferry.imaging.source import FileSource

DISKS = Path(__file__).with_name("disks")
MIB = 1 << 20
LINUX = Expected("UEFI", "linux", is_system=True)
WINDOWS = Expected("UEFI", "windows", is_system=True)

Write = Callable[..., Path]


@pytest.fixture
def unpack(tmp_path: Path) -> Callable[[str], Path]:
    """Unpacks one of the small disks."""

    def write(name: str) -> Path:
        path = tmp_path / f"{name}.qcow2"
        path.write_bytes(lzma.decompress((DISKS / f"{name}.qcow2.xz").read_bytes()))
        return path

    return write


@pytest.fixture
def build(tmp_path: Path, write_raw: Write, write_image: Write) -> Callable[..., Path]:
    """Makes a disk of pieces of data."""

    def write(pieces: Mapping[int, bytes], size: int = 8 * MIB) -> Path:
        raw = write_raw(tmp_path / "disk.raw", size, pieces)
        return write_image(raw, tmp_path / "disk.qcow2", "qcow2")

    return write


def check(path: Path, expected: Expected = LINUX, **values: Any) -> dict[str, str]:
    """What the checks say, by their names."""
    with FileSource(path) as image:
        inspection = inspect(image, max_virtual_size=1 << 50)
        found = asyncio.run(check_contents(image, inspection, expected, lease=Lease(60), **values))
    assert len({finding.name for finding in found}) == len(found)
    return {finding.name: finding.value for finding in found}


def test_a_disk_that_starts_by_uefi(unpack: Callable[[str], Path]) -> None:
    assert check(unpack("gpt")) == {
        "PartitionTable": "The disk has a GPT partition table with 3 partitions.",
        "FileSystem": "The disk holds FAT (20 MiB) on partition 2, ext4 (41 MiB) on partition 3.",
        "OperatingSystem": "The operating system is Test Linux 1.",
        "BootMode": "The disk has a boot loader for UEFI.",
        "CloudInit": "The operating system has cloud-init, or its like for Windows.",
    }


def test_a_disk_that_starts_by_bios(
    tmp_path: Path, unpack: Callable[[str], Path], qemu_img: QemuImg
) -> None:
    path, raw = unpack("gpt"), tmp_path / "bios.raw"
    convert: list[str | Path] = [qemu_img.path, "convert", "-f", "qcow2", "-O", "raw", path, raw]
    subprocess.run(convert, check=True)
    with raw.open("r+b") as file:
        file.write(b"\xeb\x63\x90")

    assert check(raw_to_qcow2(qemu_img, raw))["BootMode"] == (
        "The disk has a boot loader for BIOS and UEFI."
    )


def raw_to_qcow2(qemu_img: QemuImg, raw: Path) -> Path:
    image = raw.with_suffix(".again.qcow2")
    subprocess.run([qemu_img.path, "convert", "-f", "raw", "-O", "qcow2", raw, image], check=True)
    return image


@pytest.mark.parametrize(
    ("name", "file_system", "operating_system"),
    [
        ("xfs", "XFS (320 MiB) on the whole disk", "Test Linux 1"),
        ("btrfs", "Btrfs (128 MiB) on the whole disk", "Test Linux 1"),
        ("lvm", "ext4 (16 MiB) on logical volume root of the whole disk", "LVM Linux"),
    ],
)
def test_other_file_systems(
    unpack: Callable[[str], Path], name: str, file_system: str, operating_system: str
) -> None:
    found = check(unpack(name))

    assert found["FileSystem"] == f"The disk holds {file_system}."
    assert found["OperatingSystem"] == f"The operating system is {operating_system}."
    assert "Detection" not in found


def test_windows(unpack: Callable[[str], Path]) -> None:
    found = check(unpack("ntfs"), WINDOWS)

    assert found["FileSystem"] == "The disk holds NTFS (16 MiB) on the whole disk."
    assert found["OperatingSystem"] == "The operating system is Windows."
    assert found["CloudInit"] == "The operating system has cloud-init, or its like for Windows."


@pytest.mark.parametrize("name", ["links", "loop"])
def test_links_lead_neither_to_the_host_nor_round_without_end(
    unpack: Callable[[str], Path], name: str
) -> None:
    assert Path("/usr/lib/os-release").exists()

    found = check(unpack(name))

    assert found["OperatingSystem"] == "No operating system was found on the disk."
    assert found["CloudInit"].startswith("cloud-init was not found")
    assert "Detection" not in found


def test_the_program_can_open_nothing_once_it_reads_the_disk() -> None:
    script = f"from {checks.PROGRAM} import seal; seal(); open('/etc/passwd')"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)

    assert b"Too many open files" in ended.stderr


def test_bytes_that_are_no_disk(build: Callable[..., Path]) -> None:
    found = check(build({0: b"It is text, and no disk."}))

    assert found["PartitionTable"] == "The disk has no partition table that is known here."
    assert found["FileSystem"] == "No file system that is known here was found on the disk."


def protective_mbr() -> bytes:
    entry = struct.pack("<B3sB3sII", 0, bytes(3), 0xEE, bytes(3), 1, 0xFFFFFFFF)
    return bytes(446) + entry + bytes(48) + b"\x55\xaa"


@pytest.fixture
def endless_table(build: Callable[..., Path]) -> Path:
    """A disk whose partition table says that it has billions of partitions."""
    header = bytearray(512)
    header[:8] = b"EFI PART"
    struct.pack_into("<QII", header, 72, 2, 0xFFFFFFFF, 0)
    partition = b"\x01" * 32 + struct.pack("<QQ", 2048, 4096)
    return build({0: protective_mbr(), 512: bytes(header), 1024: partition})


def test_checks_that_compute_without_end_are_given_up(endless_table: Path) -> None:
    found = check(endless_table, limits=Limits(cpu_seconds=2, file_bytes=0, address_space=1 << 30))

    assert found == {
        "Detection": "The checks did not come to their end: they used more than 2 s of processor "
        "time. The import is not affected."
    }


def test_a_disk_of_garbage_is_survived(unpack: Callable[[str], Path], tmp_path: Path) -> None:
    content = bytearray(unpack("gpt").read_bytes())
    chance = random.Random(7)
    # Behind the tables of the qcow2 image, which are ours and were verified.
    for _ in range(4000):
        place = chance.randrange(5 * 65536, len(content))
        content[place] = chance.randrange(256)
    damaged = tmp_path / "damaged.qcow2"
    damaged.write_bytes(content)

    found = check(damaged, limits=Limits(cpu_seconds=10, file_bytes=0, address_space=1 << 30))

    assert found.keys() & {"PartitionTable", "Detection"}


def test_checks_that_take_too_long_are_given_up(unpack: Callable[[str], Path]) -> None:
    assert check(unpack("gpt"), wall_seconds=0.05) == {
        "Detection": "The checks did not come to their end: they took more than 0.05 s. The import "
        "is not affected."
    }


def test_what_needs_too_much_memory_is_given_up(endless_table: Path) -> None:
    found = check(endless_table, limits=Limits(cpu_seconds=30, address_space=48 * MIB))

    assert found["Detection"] == (
        "Some of the disk could not be read: the partition table: it is a damaged GPT."
    )


def test_checks_that_cannot_even_start_are_given_up(unpack: Callable[[str], Path]) -> None:
    found = check(unpack("gpt"), limits=Limits(cpu_seconds=30, address_space=24 * MIB))

    assert found.keys() == {"Detection"}
    assert found["Detection"].startswith("The checks did not come to their end: ")


def test_checks_without_their_libraries(
    unpack: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "LIBRARY", "a_library_that_is_not_installed")

    assert "pip install imageferry[detection]" in check(unpack("gpt"))["Detection"]


def test_an_ordinary_disk_needs_a_small_part_of_the_limits(unpack: Callable[[str], Path]) -> None:
    assert LIMITS.cpu_seconds is not None
    assert LIMITS.address_space is not None
    quarter = Limits(cpu_seconds=LIMITS.cpu_seconds // 4, address_space=LIMITS.address_space // 4)

    assert "Detection" not in check(unpack("btrfs"), limits=quarter)
