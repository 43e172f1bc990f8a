"""Which format is decided on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from imageferry.imaging.errors import ImageError
from imageferry.imaging.formats import Format
from imageferry.imaging.inspect import inspect

_GIB = 1024**3
_QCOW2 = b"QFI\xfb\x00\x00\x00\x03"
_VDI = bytes(0x40) + b"\x7f\x10\xda\xbe"


def code_of(source: Any, declared: Format | None = None, maximum: int = _GIB) -> str:
    with pytest.raises(ImageError) as caught:
        inspect(source, declared=declared, max_virtual_size=maximum)
    return caught.value.code


@pytest.mark.parametrize("declared", [None, Format.RAW])
def test_bytes_without_a_mark_are_raw(pieces: Callable[..., Any], declared: Format | None) -> None:
    text = b"This is a text file of 102 bytes, which somebody imports as a disk".ljust(102, b".")
    found = inspect(pieces({0: text}), declared=declared, max_virtual_size=_GIB)
    assert (found.format, found.virtual_size, found.complete) == (Format.RAW, 512, True)


def test_an_empty_image_is_refused(pieces: Callable[..., Any]) -> None:
    assert code_of(pieces({})) == "InvalidImageSize.Empty"


def test_a_virtual_size_above_the_limit_is_refused(pieces: Callable[..., Any]) -> None:
    source = pieces({0: b"x"}, _GIB + 1)
    with pytest.raises(ImageError, match=f"{_GIB + 512} bytes; the largest accepted is {_GIB}"):
        inspect(source, max_virtual_size=_GIB)
    assert code_of(source) == "InvalidImageSize"


@pytest.mark.parametrize("declared", [f for f in Format if f is not Format.RAW])
def test_raw_bytes_declared_as_something_else_are_refused(
    pieces: Callable[..., Any], declared: Format
) -> None:
    assert code_of(pieces({0: b"plain"}, 4096), declared) == "InvalidImageFormat.Mismatch"


@pytest.mark.parametrize("head", [_QCOW2, b"KDMV", b"vhdxfile", b"conectix", _VDI])
def test_raw_that_looks_like_a_disk_image_is_refused(
    pieces: Callable[..., Any], head: bytes
) -> None:
    assert code_of(pieces({0: head}, 1 << 20), Format.RAW) == "InvalidImageFormat.Mismatch"


def test_a_fixed_vhd_declared_raw_is_refused(pieces: Callable[..., Any]) -> None:
    source = pieces({1 << 20: b"conectix".ljust(512, b"\0")})
    assert code_of(source, Format.RAW) == "InvalidImageFormat.Mismatch"


def test_a_vhdx_declared_vhd_is_refused(pieces: Callable[..., Any]) -> None:
    with pytest.raises(ImageError, match="declared VHD, but its bytes are VHDX"):
        inspect(pieces({0: b"vhdxfile"}, 1 << 20), declared=Format.VHD, max_virtual_size=_GIB)


@pytest.mark.parametrize(
    ("name", "offset", "mark"),
    [
        ("QED", 0, b"QED\0"),
        ("LUKS", 0, b"LUKS\xba\xbe\x00\x01"),
        ("VMDK of an ESX host", 0, b"COWD\x01\0\0\0"),
        ("Parallels", 0, b"WithoutFreeSpace"),
        ("Parallels", 0, b"WithouFreSpacExt"),
        ("Bochs", 0, b"Bochs Virtual HD Image"),
        ("cloop", 0, b"#!/bin/sh\n#V2.0 Format\nmodprobe cloop file=$0"),
        ("DMG", (1 << 20) - 512, b"koly"),
        ("VHD of an early Virtual PC", (1 << 20) - 511, b"conectix"),
        ("VMDK with a separate descriptor", 0, b"# Disk DescriptorFile\nversion=1\n"),
        ("VMDK with a separate descriptor", 0, b"# disk\n\n  \r\n VERSION = 1\ncreateType="),
    ],
)
@pytest.mark.parametrize("declared", [None, Format.RAW, Format.VMDK])
def test_formats_that_are_not_on_the_list_are_refused_by_name(
    pieces: Callable[..., Any], name: str, offset: int, mark: bytes, declared: Format | None
) -> None:
    source = pieces({offset: mark}, 1 << 20)
    with pytest.raises(ImageError, match=f"format is {name}") as caught:
        inspect(source, declared=declared, max_virtual_size=_GIB)
    assert caught.value.code == "InvalidImageFormat.Unsupported"


@pytest.mark.parametrize(
    ("marks", "names"),
    [
        ({0: _QCOW2, (1 << 20) - 512: b"conectix"}, "QCOW2 and VHD"),
        ({0: _QCOW2, 0x40: b"\x7f\x10\xda\xbe"}, "QCOW2 and VDI"),
        ({0: _QCOW2, 0x8001: b"CD001"}, "ISO 9660 and QCOW2"),
        ({0: b"KDMV", (1 << 20) - 512: b"koly"}, "DMG and VMDK"),
        ({0: b"vhdxfile", 0x8001: b"CD001"}, "ISO 9660 and VHDX"),
    ],
)
@pytest.mark.parametrize("declared", [None, Format.QCOW2, Format.RAW])
def test_two_marks_are_refused(
    pieces: Callable[..., Any], marks: dict[int, bytes], names: str, declared: Format | None
) -> None:
    with pytest.raises(ImageError, match=f"marks of {names} at the same time") as caught:
        inspect(pieces(marks, 1 << 20), declared=declared, max_virtual_size=_GIB)
    assert caught.value.code == "InvalidImageFormat.Ambiguous"


def test_a_raw_disk_may_hold_a_partition_table_and_an_iso(pieces: Callable[..., Any]) -> None:
    disk = {510: b"\x55\xaa", 512: b"EFI PART", 0x8001: b"CD001"}
    assert inspect(pieces(disk, 1 << 20), max_virtual_size=_GIB).format is Format.RAW


def test_a_script_that_only_starts_like_a_comment_is_raw(pieces: Callable[..., Any]) -> None:
    source = pieces({0: b"#!/bin/sh\necho version=1\n"})
    assert inspect(source, max_virtual_size=_GIB).format is Format.RAW
