from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest

from imageferry.imaging.errors import ImageError
from imageferry.imaging.formats import Format
from imageferry.imaging.inspect import inspect
from support.images.vmdk import AT_END, SECTOR, STREAM, descriptor, header, stream_optimized, vmdk

_MIB = 1024**2
_TIB = 1024**4
_FORMAT = "InvalidImageFormat."


def with_footer(
    footer: bytes, *, kind: int = 3, end: bytes = bytes(512), value: int = 1
) -> dict[int, bytes]:
    marker = struct.pack("<QII", value, 0, kind).ljust(512, b"\0")
    return stream_optimized(directory=AT_END) | {384 * SECTOR: marker + footer + end}


_FOOTER = header(version=3, flags=3 | STREAM, compression=1)


def words(**fields: str) -> dict[int, bytes]:
    return vmdk(descriptor(**fields))


@pytest.mark.parametrize(
    ("image", "code", "detail"),
    [
        (words(kind="monolithicFlat"), "Unsupported", "type is 'monolithicFlat'"),
        (words(kind="twoGbMaxExtentSparse"), "Unsupported", "twoGbMaxExtentSparse"),
        (words(kind="vmfs"), "Unsupported", "'vmfs'"),
        (words(parent="12345678"), "BackingFile", "parent is '12345678'"),
        (words(more='parentFileNameHint="/etc/passwd"\n'), "BackingFile", "names a parent"),
        (words(more='# parentFileNameHint="/etc/passwd"\n'), "BackingFile", "names a parent"),
        (words(more="# parentCID=00000000\n"), "Corrupt", "word parentcid 2 times"),
        (words(more='createType="monolithicFlat"\n'), "Corrupt", "word createtype 2 times"),
        (words(more='encryption.keySafe = "x"\n'), "Encrypted", "encrypted"),
        (words(extent='RW 2048 FLAT "disk-flat.vmdk" 0'), "ExternalData", "RW FLAT"),
        (words(extent='RW 2048 SPARSE "/etc/passwd"'), "ExternalData", "/etc/passwd"),
        (words(extent='RW 2048 SPARSE "..\\x.vmdk"'), "ExternalData", "named"),
        (words(extent="RW 2048 SPARSE"), "ExternalData", "named ''"),
        (words(extent='NOACCESS 2048 SPARSE "a"'), "ExternalData", "NOACCESS"),
        (
            words(extent='RW 1024 SPARSE "a.vmdk"\nRW 1024 SPARSE "b.vmdk"'),
            "ExternalData",
            "made of 2 extents",
        ),
        (words(extent=""), "ExternalData", "made of 0 extents"),
        (words(more="a line that nobody knows\n"), "Corrupt", "line 'a line that nobody knows'"),
        (words(more='version="2"\n'), "Corrupt", "says 'version' twice"),
        (vmdk(flags=3 | STREAM, compression=1), "Corrupt", "says monolithicSparse, its header"),
        (vmdk(descriptor(kind="streamOptimized")), "Corrupt", "says streamOptimized, its header"),
        (stream_optimized(compression=2), "Unsupported", "compression is 2"),
        (stream_optimized(flags=3 | 1 << 16), "Unsupported", "flags are 0x10003"),
        (vmdk(version=4), "Unsupported", "version 4"),
        (vmdk(newlines=b"\n  \n"), "Corrupt", "line ends were changed"),
        (vmdk(grain=100), "Corrupt", "grains of 100"),
        (vmdk(grain=4), "Corrupt", "grains of 4"),
        (vmdk(entries=0), "Corrupt", "tables have 0"),
        (vmdk(entries=1024), "Corrupt", "tables have 1024"),
        (vmdk(capacity=0), "Corrupt", "capacity is 0"),
        (vmdk(capacity=2**60), "Corrupt", "capacity is 1152921504606846976"),
        (vmdk(descriptor_at=2), "Corrupt", "at sector 2"),
        (vmdk(descriptor_at=0), "Corrupt", "at sector 0"),
        (vmdk(descriptor_sectors=4096), "Corrupt", "has 4096 sectors"),
        (vmdk(table=(128, 128)), "Corrupt", "share the data at byte 65536"),
        (vmdk(table=(9999,)), "Truncated", "keeps data at byte 5119488"),
        (vmdk(directory=1 << 40), "Truncated", "VMDK directory lies at byte"),
        (with_footer(header(capacity=4096)), "Corrupt", "do not agree"),
        (with_footer(_FOOTER, value=2), "Corrupt", "do not agree"),
        (with_footer(bytes(512)), "Corrupt", "lacks the mark of its footer"),
        (with_footer(_FOOTER, kind=0), "Truncated", "no footer"),
        (with_footer(_FOOTER, end=b"\1" * 512), "Truncated", "no footer"),
    ],
)
def test_what_is_refused(
    pieces: Callable[..., Any], image: dict[int, bytes], code: str, detail: str
) -> None:
    with pytest.raises(ImageError, match=detail) as caught:
        inspect(pieces(image), declared=Format.VMDK, max_virtual_size=_TIB)
    assert caught.value.code == _FORMAT + code


def test_words_behind_a_short_descriptor_count(pieces: Callable[..., Any]) -> None:
    text = descriptor().ljust(600, b"\n") + b'parentFileNameHint="/etc/passwd"\n'
    with pytest.raises(ImageError, match="names a parent"):
        inspect(pieces(vmdk(text, descriptor_sectors=1)), max_virtual_size=_TIB)


@pytest.mark.parametrize(
    ("image", "subformat"),
    [
        (vmdk(), "monolithicSparse"),
        (vmdk(flags=7, table=(128, 1, 1, 1)), "monolithicSparse"),
        (stream_optimized(table=(128, 130)), "streamOptimized"),
        (with_footer(_FOOTER), "streamOptimized"),
    ],
)
def test_what_is_accepted(
    pieces: Callable[..., Any], image: dict[int, bytes], subformat: str
) -> None:
    found = inspect(pieces(image), max_virtual_size=_TIB)
    assert (found.format, found.subformat) == (Format.VMDK, subformat)
    assert (found.virtual_size, found.complete) == (_MIB, True)
    assert found.compressed == (subformat == "streamOptimized")
