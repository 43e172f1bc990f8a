from __future__ import annotations

import pytest

from imageferry.imaging.contents.facts import DiskFacts, FileSystem
from imageferry.imaging.contents.findings import Expected, Finding, findings

GIB = 1 << 30
LINUX = Expected("BIOS", "linux", is_system=True)


def found(name: str, facts: DiskFacts, expected: Expected = LINUX) -> Finding:
    (finding,) = (finding for finding in findings(facts, expected) if finding.name == name)
    return finding


def test_a_sound_disk_has_no_risks() -> None:
    facts = DiskFacts(
        partition_table="GPT",
        partitions=1,
        file_systems=[FileSystem("ext4", 20 * GIB, "partition 1")],
        operating_system="Debian GNU/Linux 13 (trixie)",
        os_type="linux",
        bios=True,
        uefi=True,
        cloud_init=True,
    )

    assert list(findings(facts, LINUX)) == [
        Finding("PartitionTable", "The disk has a GPT partition table with 1 partition."),
        Finding("FileSystem", "The disk holds ext4 (20 GiB) on partition 1."),
        Finding("OperatingSystem", "The operating system is Debian GNU/Linux 13 (trixie)."),
        Finding("BootMode", "The disk has a boot loader for BIOS and UEFI."),
        Finding("CloudInit", "The operating system has cloud-init, or its like for Windows."),
    ]


def test_an_empty_disk_is_all_risks() -> None:
    assert {
        item.name: (item.risk_code, item.risk_level) for item in findings(DiskFacts(), LINUX)
    } == {
        "PartitionTable": ("PartitionTable.NotFound", "High"),
        "FileSystem": ("FileSystem.NotFound", "High"),
        "OperatingSystem": ("OperatingSystem.NotFound", "Medium"),
        "BootMode": ("BootMode.NotFound", "High"),
        "CloudInit": ("CloudInit.NotFound", "Medium"),
    }


@pytest.mark.parametrize(
    ("bios", "uefi", "expected", "code", "remedy"),
    [
        (True, False, "UEFI", "BootMode.Mismatch", "import with BootMode=BIOS."),
        (False, True, "BIOS", "BootMode.Mismatch", "import with BootMode=UEFI."),
        (False, True, "uefi", "", "for UEFI."),
        (True, True, "UEFI", "", "for BIOS and UEFI."),
    ],
)
def test_the_boot_mode_is_compared_with_the_request(
    bios: bool, uefi: bool, expected: str, code: str, remedy: str
) -> None:
    asked = Expected(expected, "linux", is_system=True)

    finding = found("BootMode", DiskFacts(bios=bios, uefi=uefi), asked)

    assert finding.risk_code == code
    assert finding.value.endswith(remedy)


def test_the_operating_system_is_compared_with_the_request() -> None:
    finding = found("OperatingSystem", DiskFacts(operating_system="Windows", os_type="windows"))

    assert (finding.risk_code, finding.risk_level) == ("OperatingSystem.Mismatch", "Medium")
    assert finding.value.endswith("import with OSType=windows.")


def test_of_a_data_disk_only_what_it_holds_is_told() -> None:
    data = Expected("BIOS", "linux", is_system=False)

    assert [item.name for item in findings(DiskFacts(), data)] == ["PartitionTable", "FileSystem"]


def test_many_file_systems_are_counted() -> None:
    facts = DiskFacts(file_systems=[FileSystem("ext4", 512, "partition 1")] * 10)

    assert found("FileSystem", facts).value.endswith("ext4 (512 bytes) on partition 1, 2 more.")


def test_what_could_not_be_read_is_told() -> None:
    finding = found("Detection", DiskFacts(problems=["partition 1: bad magic"]))

    assert finding.value == "Some of the disk could not be read: partition 1: bad magic."
    assert finding.risk_code == "Detection.Incomplete"
