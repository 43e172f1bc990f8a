"""ImportImage: which disks are admitted, and how the others are refused."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from support.api import Api

GIB = 1 << 30
TOO_SMALL = (
    'The specified "DiskDeviceMapping.1.DiskImageSize" should be not less than system device size.'
)


def missing(name: str) -> str:
    """The message that tells of a parameter that is missing."""
    return (
        f'An input parameter "{name}" that is mandatory for processing the request is not supplied.'
    )


def qcow2(virtual_size: int = GIB, *, backing_file: bytes = b"") -> bytes:
    """A small qcow2 without a byte of data."""
    cluster = 1 << 16
    header = struct.pack(
        ">4sIQIIQIIQQIIQ",
        b"QFI\xfb",
        2,
        cluster - 512 if backing_file else 0,
        len(backing_file),
        16,
        virtual_size,
        0,
        -(-virtual_size // (cluster * cluster // 8)),
        3 * cluster,
        cluster,
        1,
        0,
        0,
    )
    first = header.ljust(cluster - 512, b"\0") + backing_file.ljust(512, b"\0")
    refcount_table = struct.pack(">Q", 2 * cluster).ljust(cluster, b"\0")
    refcounts = struct.pack(">4H", 1, 1, 1, 1).ljust(cluster, b"\0")
    return first + refcount_table + refcounts + bytes(cluster)


def mapping(number: int = 1, **members: object) -> dict[str, object]:
    """The parameters of one disk, by default ``golden/disk.raw``."""
    values = {"OSSBucket": "golden", "OSSObject": "disk.raw"} | members
    return {
        f"DiskDeviceMapping__{number}__{name}": value
        for name, value in values.items()
        if value is not None
    }


@pytest.fixture
def stocked(api: Api) -> Api:
    """An account with objects of several kinds."""
    api.put("disk.raw", b"\x01" * 4096)
    api.put("disk.qcow2", qcow2())
    api.put("empty", b"")
    api.put("backed.qcow2", qcow2(backing_file=b"/etc/passwd"))
    return api


def described(api: Api, reply: dict[str, Any]) -> list[dict[str, Any]]:
    (image,) = api.call("DescribeImages", ImageId=reply["ImageId"], Status="ALL")["Images"]["Image"]
    disks: list[dict[str, Any]] = image["DiskDeviceMappings"]["DiskDeviceMapping"]
    return disks


@pytest.mark.parametrize(
    ("parameters", "status", "code", "message"),
    [
        (
            {},
            403,
            "MissingParameter.DiskDeviceMapping",
            "The specified parameter DiskDeviceMapping is not supplied.",
        ),
        (
            mapping(OSSBucket=None),
            400,
            "MissingParameter",
            missing("DiskDeviceMapping.1.OSSBucket"),
        ),
        (
            mapping(OSSObject=""),
            400,
            "MissingParameter",
            missing("DiskDeviceMapping.1.OSSObject"),
        ),
        (
            mapping() | mapping(2, OSSObject=None),
            400,
            "MissingParameter",
            missing("DiskDeviceMapping.2.OSSObject"),
        ),
        (
            mapping(OSSBucket="No_Bucket"),
            400,
            "InvalidOSSBucket.Malformed",
            "The specified OSS bucket is wrongly formed.",
        ),
        (
            mapping(OSSBucket="x" * 64),
            400,
            "InvalidOSSBucket.Malformed",
            "The specified OSS bucket is wrongly formed.",
        ),
        (
            mapping(OSSBucket="absent"),
            400,
            "InvalidOSSBucket.NotFound",
            "The specified OSS bucket does not exist in this region.",
        ),
        (
            mapping(OSSObject="absent.raw"),
            400,
            "InvalidOSSObject.NotFound",
            "The specified OSS object does not exist in this region.",
        ),
        (
            mapping(OSSObject="/etc/passwd"),
            400,
            "InvalidOSSObject.Malformed",
            "The specified OSS object is wrongly formed.",
        ),
        (
            mapping(OSSObject="x" * 1024),
            400,
            "InvalidOSSObject.Malformed",
            "The specified OSS object is wrongly formed.",
        ),
        (
            mapping(OSSObject="empty"),
            400,
            "InvalidOSSObject.Size",
            "The specified OSS object size is zero.",
        ),
        (
            mapping(Format="ISO"),
            400,
            "InvalidImageFormat.Malformed",
            "The specified Image Format is wrongly formed.",
        ),
        (
            mapping(Device="C:"),
            403,
            "InvalidParameter.Malformed",
            'The specified parameter "DiskDeviceMapping.n.Device " is not valid.',
        ),
        (
            mapping() | mapping(2, DiskImageSize=2049),
            400,
            "InvalidDataDiskSize",
            "The specified DiskDeviceMapping.N.DiskImSize should be in the specified range.",
        ),
        (
            mapping() | mapping(2, OSSObject="two.qcow2", DiskImageSize=1),
            400,
            "InvalidDataDiskSize",
            "The specified DiskDeviceMapping.N.DiskImSize should be in the specified range.",
        ),
        (
            mapping(OSSObject="two.qcow2", DiskImageSize=1),
            400,
            "InvalidImageSize",
            TOO_SMALL,
        ),
    ],
)
def test_refusals(
    stocked: Api, parameters: dict[str, object], status: int, code: str, message: str
) -> None:
    stocked.put("two.qcow2", qcow2(2 * GIB))

    error = stocked.refusal("ImportImage", **parameters)

    assert (error.code.status, error.code.code, error.message) == (status, code, message)
    assert stocked.count() == {"images": 0, "tasks": 0}
    assert stocked.queued == []


@pytest.mark.parametrize("size", [2049, -1, "many"])
def test_a_size_that_the_system_disk_cannot_have(stocked: Api, size: object) -> None:
    error = stocked.refusal("ImportImage", **mapping(DiskImageSize=size))

    assert (error.code.status, error.code.code) == (400, "InvalidImageSize")
    assert "DiskDeviceMapping.1.DiskImageSize" in error.message
    assert str(size) in error.message


@pytest.mark.parametrize(
    ("parameters", "shown"),
    [
        (mapping(OSSBucket="absent"), "DiskDeviceMapping.1.OSSBucket is 'absent'"),
        (mapping(OSSBucket="No_Bucket"), "DiskDeviceMapping.1.OSSBucket is 'No_Bucket'"),
        (
            mapping() | mapping(2, OSSObject="absent.raw"),
            "DiskDeviceMapping.2.OSSObject is 'absent.raw', in bucket golden",
        ),
        (
            mapping() | mapping(2, OSSObject="empty"),
            "DiskDeviceMapping.2.OSSObject is 'empty', in bucket golden",
        ),
        (
            mapping(OSSObject="disk.qcow2", DiskImageSize=1) | mapping(2, OSSBucket="absent"),
            "DiskDeviceMapping.2.OSSBucket is 'absent'",
        ),
    ],
)
def test_a_refusal_names_the_parameter_and_its_value(
    stocked: Api, parameters: dict[str, object], shown: str
) -> None:
    assert shown in stocked.refusal("ImportImage", **parameters).recommend


def test_a_bucket_of_another_account(stocked: Api) -> None:
    error = stocked.as_other_account().refusal("ImportImage", **mapping())

    assert (error.code.status, error.code.code) == (403, "InvalidOSS.NotAuthorized")
    assert error.message == "The specified OSS bucket or object is not allowed to access."


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        (mapping(OSSObject="backed.qcow2"), "InvalidImageFormat.BackingFile"),
        (mapping(OSSObject="disk.qcow2", Format="RAW"), "InvalidImageFormat.Mismatch"),
        (mapping(OSSObject="disk.raw", Format="qcow2"), "InvalidImageFormat.Mismatch"),
        (mapping() | mapping(2, OSSObject="backed.qcow2"), "InvalidImageFormat.BackingFile"),
    ],
)
def test_an_image_that_cannot_be_imported_safely_is_refused_before_it_is_a_task(
    stocked: Api, parameters: dict[str, object], reason: str
) -> None:
    error = stocked.refusal("ImportImage", **parameters)

    assert (error.code.status, error.code.code) == (403, "InvalidImageFormat.Malformed")
    assert reason in error.message
    assert "DiskDeviceMapping." in error.message
    assert error.recommend
    assert stocked.count() == {"images": 0, "tasks": 0}


def test_a_vhd_whose_sizes_do_not_agree_has_a_code_of_its_own(stocked: Api) -> None:
    footer = bytearray(512)
    struct.pack_into(">8sIIQ", footer, 0, b"conectix", 2, 0x00010000, 0xFFFFFFFFFFFFFFFF)
    struct.pack_into(">QQ", footer, 40, 1 << 20, 1 << 20)
    struct.pack_into(">I", footer, 60, 2)
    struct.pack_into(">I", footer, 64, ~sum(footer) & 0xFFFFFFFF)
    stocked.put("short.vhd", bytes(4096) + bytes(footer))

    error = stocked.refusal("ImportImage", **mapping(OSSObject="short.vhd"))

    assert (error.code.status, error.code.code) == (403, "InvalidVHDImage.IncorrectSize")
    assert error.message == (
        "The specified size of the VHD image does not meet the "
        "'header.MaxTableEntries * header.BlockSize' specification."
    )
    assert "DiskDeviceMapping.1 ('short.vhd')" in error.recommend


def test_an_image_over_the_largest_virtual_size(stocked: Api) -> None:
    stocked.put("huge.qcow2", qcow2(3 * GIB))
    stocked.set(max_virtual_size_gib=2)

    error = stocked.refusal("ImportImage", **mapping(OSSObject="huge.qcow2"))

    assert (error.code.status, error.code.code) == (400, "InvalidImageSize")
    assert str(3 * GIB) in error.message


@pytest.mark.parametrize("size", [None, "", 0], ids=["absent", "empty", "zero"])
def test_without_a_size_the_virtual_size_is_taken(stocked: Api, size: object) -> None:
    stocked.put("two.qcow2", qcow2(GIB + 512))

    (disk,) = described(
        stocked, stocked.import_image(**mapping(OSSObject="two.qcow2", DiskImageSize=size))
    )

    assert disk["Size"] == "2"


@pytest.mark.parametrize("name", ["DiskImageSize", "DiskImSize", "diskimsize"])
def test_both_names_of_the_size(stocked: Api, name: str) -> None:
    (disk,) = described(stocked, stocked.import_image(**mapping(**{name: 20})))

    assert disk["Size"] == "20"


@pytest.mark.parametrize("spelling", ["OssBucket", "ossbucket", "OSSBUCKET"])
def test_a_parameter_in_any_case(stocked: Api, spelling: str) -> None:
    parameters = {
        f"DiskDeviceMapping__1__{spelling}": "golden",
        "diskdevicemapping__1__ossobject": "disk.raw",
    }

    assert stocked.call("ImportImage", **parameters)["ImageId"]


@pytest.mark.parametrize("spelling", ["QCOW2", "qcow2", "Qcow2"])
def test_what_was_sent_is_told_unchanged(stocked: Api, spelling: str) -> None:
    reply = stocked.import_image(
        **mapping(OSSObject="disk.qcow2", Format=spelling, DiskImageSize=40, Device="/dev/vda")
    )

    (disk,) = described(stocked, reply)

    assert disk["SnapshotId"].startswith("s-")
    assert {name: value for name, value in disk.items() if name != "SnapshotId"} == {
        "Device": "/dev/vda",
        "Type": "system",
        "Size": "40",
        "Format": spelling,
        "ImportOSSBucket": "golden",
        "ImportOSSObject": "disk.qcow2",
        "Progress": "0%",
        "RemainTime": 0,
        "Encrypted": False,
    }


def test_several_disks(stocked: Api) -> None:
    reply = stocked.import_image(**mapping(), **mapping(2, OSSObject="disk.qcow2"), **mapping(3))

    disks = described(stocked, reply)

    assert [(disk["Device"], disk["Type"], disk["Format"]) for disk in disks] == [
        ("/dev/xvda", "system", "RAW"),
        ("/dev/xvdb", "data", "QCOW2"),
        ("/dev/xvdc", "data", "RAW"),
    ]
    task = stocked.call("DescribeTaskAttribute", TaskId=reply["TaskId"])
    assert task["TotalCount"] == 3


def test_a_refusal_names_the_number_that_was_sent(stocked: Api) -> None:
    absent = stocked.refusal("ImportImage", **mapping(1), **mapping(3, OSSObject="absent.raw"))
    unnamed = stocked.refusal("ImportImage", **mapping(1), DiskDeviceMapping__3__OSSBucket="golden")

    assert absent.recommend.startswith("DiskDeviceMapping.3.OSSObject is 'absent.raw'")
    assert '"DiskDeviceMapping.3.OSSObject"' in unnamed.message


def test_disks_above_the_seventeenth_are_ignored(stocked: Api) -> None:
    disks: dict[str, object] = {}
    for number in range(1, 18):
        disks |= mapping(number)

    reply = stocked.import_image(**disks, **mapping(18, OSSObject="absent.raw"))

    assert len(described(stocked, reply)) == 17


@pytest.mark.parametrize("content", [b"print('hello')\n" * 7, b"\0"], ids=["text", "one byte"])
def test_any_bytes_are_a_raw_disk(stocked: Api, content: bytes) -> None:
    stocked.put("fc/hello.zip", content)

    (disk,) = described(
        stocked, stocked.import_image(**mapping(OSSObject="fc/hello.zip", DiskImageSize=5))
    )

    assert (disk["Size"], disk["Format"]) == ("5", "RAW")
