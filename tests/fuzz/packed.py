"""What is compressed: clusters and grains within images, and whole files."""

from __future__ import annotations

import gzip
import io
import lzma
import struct
import tarfile
import zlib
from functools import partial

import zstandard

from fuzz.images import SparseSource
from fuzz.target import Target
from imageferry.imaging.disk import Extent, Packing
from imageferry.imaging.errors import ImageError
from imageferry.imaging.packaging.decompression import PIECE_SIZE, Decompressed
from imageferry.imaging.packaging.finding import find_package
from imageferry.imaging.packaging.package import Archived, Compression
from imageferry.imaging.packaging.tar import BLOCK
from imageferry.imaging.unpacking import unpack

_PLAIN = b"guest" * 200
_KINDS = (Packing.DEFLATE, Packing.GRAIN, Packing.ZSTD)
_MAX_UNPACKED = 1 << 22


def _deflated(data: bytes, bits: int) -> bytes:
    packer = zlib.compressobj(wbits=bits)
    return packer.compress(data) + packer.flush()


def _check_extent(data: bytes) -> None:
    if len(data) < 2:
        return
    kind = _KINDS[data[0] % len(_KINDS)]
    length = data[1] * 4 + 1
    stored = data[2:]
    try:
        found = unpack(Extent(512, length, 0, len(stored), kind), stored)
    except ImageError as error:
        assert error.message  # noqa: PT017  either ending is right
    else:
        assert len(found) == length


def _check_compressed(kind: Compression, data: bytes) -> None:
    coming, size, consumed = Decompressed([data], kind, max_bytes=_MAX_UNPACKED), 0, 0
    try:
        while piece := coming.read(PIECE_SIZE):
            assert len(piece) <= PIECE_SIZE
            assert consumed <= coming.consumed <= len(data)
            consumed = coming.consumed
            size += len(piece)
            assert size <= _MAX_UNPACKED
    except ImageError as error:
        assert error.message  # noqa: PT017  either ending is right


def _check_archive(data: bytes) -> None:
    source = SparseSource({0: data}, len(data))
    try:
        package = find_package(source)
    except ImageError as error:
        assert error.message  # noqa: PT017  either ending is right
        return
    if isinstance(package, Archived):
        image = package.image(source)
        assert 0 <= image.size <= len(data)
        assert len(image.pread(0, image.size)) == image.size


def _archive(form: int, *members: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return file.getvalue()[: 12 * BLOCK]


_GRAIN = zlib.compress(_PLAIN)
_LONG_NAME = "n" * 120
_OVA = (
    ("a.ovf", b"<?xml version='1.0'?><Envelope/>"),
    ("a.mf", b"SHA1(a.vmdk)= " + b"0" * 40 + b"\r\nSHA256(a b)=" + b"a" * 64),
    ("a.vmdk", b"KDMV" + bytes(512)),
)

TARGETS = (
    Target(
        "extents",
        (
            bytes([0, 249]) + _deflated(_PLAIN, -15),
            bytes([1, 249]) + struct.pack("<QI", 1, len(_GRAIN)) + _GRAIN,
            bytes([2, 249]) + zstandard.compress(_PLAIN),
        ),
        _check_extent,
    ),
    Target(
        "gzip",
        (gzip.compress(_PLAIN), gzip.compress(b"a") + gzip.compress(b"b") + bytes(9)),
        partial(_check_compressed, Compression.GZIP),
    ),
    Target(
        "xz",
        (lzma.compress(_PLAIN), lzma.compress(b"a") + lzma.compress(b"b") + bytes(8)),
        partial(_check_compressed, Compression.XZ),
    ),
    Target(
        "zstd",
        (zstandard.compress(_PLAIN), zstandard.compress(b"a") + zstandard.compress(b"b")),
        partial(_check_compressed, Compression.ZSTD),
    ),
    Target(
        "tar",
        (
            _archive(tarfile.USTAR_FORMAT, ("disk.raw", _PLAIN)),
            _archive(tarfile.GNU_FORMAT, (_LONG_NAME, b"data")),
            _archive(tarfile.PAX_FORMAT, (_LONG_NAME + "ü", b"data")),
            _archive(tarfile.USTAR_FORMAT, *_OVA),
        ),
        _check_archive,
    ),
)
