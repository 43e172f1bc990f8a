from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from random import Random

import pytest

from imageferry.imaging.writers.opening import RAW_TAR_GZ
from imageferry.imaging.writers.tar_gz import TarGzWriter
from support.written import MEMBER, MemoryOutput, image_of, planned

_MIB = 1024 * 1024
_SIZE = 13 * _MIB + 512
_PIECES = {0: b"boot", 4 * _MIB: Random(1).randbytes(_MIB), _SIZE - 1: b"z"}


def test_the_archive_has_the_disk_and_nothing_else() -> None:
    archive = image_of(RAW_TAR_GZ, _SIZE, _PIECES)
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        (member,) = tar
        file = tar.extractfile(member)
        assert file is not None
        disk = file.read()
    assert (member.name, member.size, member.mode, member.isfile()) == (MEMBER, _SIZE, 0o644, True)
    expected = bytearray(_SIZE)
    for offset, data in _PIECES.items():
        expected[offset : offset + len(data)] = data
    assert disk == expected


def test_the_stream_is_one_gzip_member() -> None:
    """Not every program reads on behind the first."""
    archive = image_of(RAW_TAR_GZ, _SIZE, _PIECES)
    unpacker = zlib.decompressobj(wbits=31)
    unpacker.decompress(archive)
    assert (unpacker.eof, unpacker.unused_data) == (True, b"")


@pytest.mark.parametrize("size", [512, 8 * _MIB, 8 * _MIB + 512])
def test_zeros_take_a_thousandth(size: int) -> None:
    archive = image_of(RAW_TAR_GZ, size, {})
    assert gzip.decompress(archive)[512:].count(0) == size + 1024
    assert len(archive) < 300 + size // 1000


def test_a_disk_too_large_for_octal_digits_has_its_size_told() -> None:
    output = MemoryOutput()
    TarGzWriter(output, planned(2**41, {}))
    head = zlib.decompressobj(wbits=31).decompress(output.finish(0))
    assert tarfile.TarInfo.frombuf(head, "utf-8", "strict").size == 2**41
