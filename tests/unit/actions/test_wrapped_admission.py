"""ImportImage: images that lie in archives or compressed are looked into before they are tasks."""

from __future__ import annotations

import pytest

from support.api import Api
from support.images.packages import gz, ova, xz, zst

DISK = b"\x01" * 4096
VMDK = b"KDMV".ljust(4096, b"\0")


def parameters(key: str) -> dict[str, object]:
    return {
        "DiskDeviceMapping__1__OSSBucket": "golden",
        "DiskDeviceMapping__1__OSSObject": key,
    }


@pytest.mark.parametrize(
    ("key", "packed"),
    [("disk.raw.gz", gz(DISK)), ("disk.raw.xz", xz(DISK)), ("disk.raw.zst", zst(DISK))],
    ids=["gz", "xz", "zst"],
)
def test_damage_at_the_beginning_is_refused_before_it_is_a_task(
    api: Api, key: str, packed: bytes
) -> None:
    damaged = bytearray(packed)
    damaged[7:20] = b"\xff" * 13
    api.put(key, bytes(damaged))

    error = api.refusal("ImportImage", **parameters(key))

    assert (error.code.status, error.code.code) == (403, "InvalidImageFormat.Malformed")
    assert f"DiskDeviceMapping.1 ('{key}'): " in error.message
    assert "[InvalidImageFormat.ArchiveCorrupt]" in error.message
    assert api.count() == {"images": 0, "tasks": 0}


def test_an_appliance_of_two_disks_is_refused_before_it_is_a_task(api: Api) -> None:
    api.put("two.ova", ova(VMDK, VMDK))

    error = api.refusal("ImportImage", **parameters("two.ova"))

    assert (error.code.status, error.code.code) == (403, "InvalidImageFormat.Malformed")
    assert "DiskDeviceMapping.1 ('two.ova'): " in error.message
    assert "[InvalidImageFormat.Archive]" in error.message
    assert "appliance-disk" in error.message
    assert api.count() == {"images": 0, "tasks": 0}
