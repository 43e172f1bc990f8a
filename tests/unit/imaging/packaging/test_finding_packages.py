from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from typing import Any

import pytest

from imageferry.imaging.errors import ImageError
from imageferry.imaging.inspect import inspect
from imageferry.imaging.packaging.finding import find_package
from imageferry.imaging.packaging.manifest import Digest
from imageferry.imaging.packaging.package import Archived, Compressed, Compression
from support.images.packages import OVF, archive, gz, manifest_of, ova, tar, xz, zst
from support.images.vhd import footer

_DISK = b"QFI\xfb" + random.Random(1).randbytes(3000)
_VMDK = b"KDMV" + random.Random(1).randbytes(3000)

Pieces = Callable[..., Any]


def refusal(pieces: Pieces, data: bytes) -> str:
    with pytest.raises(ImageError) as caught:
        find_package(pieces({0: data}))
    return f"{caught.value.code} {caught.value.detail}"


@pytest.mark.parametrize(
    ("pack", "compression"),
    [(gz, Compression.GZIP), (xz, Compression.XZ), (zst, Compression.ZSTD)],
)
def test_compressed_data_shows_by_its_first_bytes(
    pieces: Pieces, pack: Callable[[bytes], bytes], compression: Compression
) -> None:
    source = pieces({0: pack(_DISK)})
    assert find_package(source) == Compressed(compression)
    assert source.bytes_asked == 512


def test_a_zstd_frame_without_data_may_come_first(pieces: Pieces) -> None:
    source = pieces({0: b"\x50\x2a\x4d\x18\x04\0\0\0abcd" + zst(_DISK)})
    assert find_package(source) == Compressed(Compression.ZSTD)


@pytest.mark.parametrize("data", [b"", b"\x1f", bytes(4096), _DISK, _VMDK, b"<?xml"])
def test_an_image_as_it_is_is_no_package(pieces: Pieces, data: bytes) -> None:
    assert find_package(pieces({0: data}, 8192)) is None


def test_the_only_file_of_an_archive_is_the_disk(pieces: Pieces) -> None:
    data = tar(_DISK)
    source = pieces({0: data})
    package = find_package(source)
    assert package == Archived("tar", "disk.img", 512, len(_DISK))
    image = package.image(source)
    assert (image.size, image.pread(0, 1 << 20)) == (len(_DISK), _DISK)
    assert image.pread(1000, 5) == _DISK[1000:1005]
    assert image.pread(len(_DISK) + 1, 5) == b""


def test_a_disk_in_an_archive_has_the_holes_of_its_source(pieces: Pieces) -> None:
    source = pieces({0: b"x" * 100, 1000: b"y" * 1000, 5000: b"z" * 10}, 9000)
    image = Archived("tar", "disk", 600, 1000).image(source)
    assert list(image.data_ranges()) == [(400, 600)]
    assert image.pread(390, 20) == bytes(10) + b"y" * 10


def test_the_disk_of_an_appliance_is_found_by_its_bytes(pieces: Pieces) -> None:
    source = pieces({0: ova(_VMDK)})
    package = find_package(source)
    assert isinstance(package, Archived)
    assert (package.archive, package.member) == ("OVA", "appliance-disk1.vmdk")
    assert package.image(source).pread(0, 1 << 20) == _VMDK
    assert len(source.reads) < 10
    assert source.bytes_asked < 64 * 1024


def test_an_appliance_of_a_large_disk_takes_few_reads(pieces: Pieces) -> None:
    """The disk of 1 TiB is a hole; the manifest stands behind it."""
    size = 1 << 40
    head = bytearray(archive(("a.ovf", OVF), ("a.vmdk", b"")))[: 3 * 512]
    head[1024 + 124 : 1024 + 136] = b"\x80" + size.to_bytes(11, "big")
    head[1024 + 148 : 1024 + 156] = b" " * 8
    head[1024 + 148 : 1024 + 156] = b"%06o\0 " % sum(head[1024:1536])
    source = pieces(
        {0: bytes(head), 1536: _VMDK, 1536 + size: archive(("a.mf", b"SHA1(b)= " + b"0" * 40))}
    )
    assert find_package(source) == Archived("OVA", "a.vmdk", 1536, size)
    assert source.bytes_asked < 64 * 1024


def test_an_appliance_tells_the_digest_of_its_disk(pieces: Pieces) -> None:
    package = find_package(pieces({0: ova(_VMDK)}))
    assert isinstance(package, Archived)
    assert package.digest == Digest("sha256", hashlib.sha256(_VMDK).hexdigest())


@pytest.mark.parametrize("name", ["other.mf", "appliance.txt"])
def test_only_the_file_beside_the_descriptor_is_its_manifest(pieces: Pieces, name: str) -> None:
    data = archive(("appliance.ovf", OVF), ("disk.vmdk", _VMDK), (name, b"no digest"))
    package = find_package(pieces({0: data}))
    assert isinstance(package, Archived)
    assert package.digest is None


def test_a_descriptor_that_was_changed_is_refused(pieces: Pieces) -> None:
    manifest = manifest_of(("appliance.ovf", OVF + b" "), algorithm="SHA1")
    told = refusal(pieces, ova(_VMDK, manifest=manifest))
    assert told.startswith("InvalidImageFormat.ManifestMismatch The file 'appliance.ovf' of the")
    assert hashlib.sha1(OVF).hexdigest() in told
    assert hashlib.sha1(OVF + b" ").hexdigest() in told


def test_a_huge_manifest_is_not_read(pieces: Pieces) -> None:
    source = pieces({0: ova(_VMDK, manifest=b"\n" * 65537)})
    with pytest.raises(ImageError, match=r"'appliance\.mf' has 65537 bytes") as caught:
        find_package(source)
    assert caught.value.code == "InvalidImageFormat.Archive"
    assert source.bytes_asked < 64 * 1024


def test_several_disks_are_refused(pieces: Pieces) -> None:
    assert "holds 2 files that would be disks: 'appliance-disk1.vmdk'" in refusal(
        pieces, ova(_VMDK, _VMDK)
    )
    assert "holds 2 files" in refusal(pieces, archive(("a", _DISK), ("notes.txt", b"hello")))


def test_no_disk_is_refused(pieces: Pieces) -> None:
    assert "The OVA holds no disk image." in refusal(pieces, ova())
    assert "The OVA holds no disk image." in refusal(pieces, ova(b"plain"))


def test_an_archive_of_nothing_is_an_image_as_it_is(pieces: Pieces) -> None:
    assert find_package(pieces({0: archive()})) is None


@pytest.mark.parametrize("pack", [gz, xz, zst])
def test_a_compressed_disk_in_an_archive_is_refused(
    pieces: Pieces, pack: Callable[[bytes], bytes]
) -> None:
    for wrapped in (tar(pack(_DISK)), ova(pack(_VMDK))):
        assert "holds data compressed by" in refusal(pieces, wrapped)


def test_an_archive_in_an_archive_is_refused(pieces: Pieces) -> None:
    assert "holds another archive" in refusal(pieces, tar(tar(_DISK)))


def test_a_disk_that_reaches_over_the_end_of_its_archive_is_refused(pieces: Pieces) -> None:
    data = tar(_DISK)[:2048]
    assert refusal(pieces, data).startswith("InvalidImageFormat.Truncated")


def test_a_disk_that_claims_more_than_it_is_is_refused(pieces: Pieces) -> None:
    """The VHD's footer is that of a disk larger than the archive's member."""
    source = pieces({0: tar(bytes(4096) + footer(kind=2, size=1 << 20))})
    package = find_package(source)
    assert isinstance(package, Archived)
    with pytest.raises(ImageError) as caught:
        inspect(package.image(source), max_virtual_size=1 << 30)
    assert caught.value.code == "InvalidVHDImage.IncorrectSize"


def test_a_source_that_cannot_be_read_says_so(pieces: Pieces) -> None:
    source = pieces({0: tar(_DISK)})

    def fail(offset: int, length: int) -> bytes:
        raise OSError("gone")

    source.pread = fail
    with pytest.raises(ImageError) as caught:
        find_package(source)
    assert caught.value.code == "SourceReadFailed"
