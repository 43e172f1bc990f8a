"""Wrappings of disk images, as ordinary programs make them."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import tarfile
import zlib
from collections.abc import Callable

import zstandard

OVF = b"<?xml version='1.0'?>\n<Envelope/>\n"


def gz(data: bytes) -> bytes:
    return gzip.compress(data, compresslevel=1)


def xz(data: bytes) -> bytes:
    return lzma.compress(data, preset=0)


def xz_blocks(data: bytes, block: int) -> bytes:
    """An xz of blocks that tell their sizes, as ``xz -T`` makes it.

    The layout is that of https://tukaani.org/xz/xz-file-format.txt.
    """
    flags = b"\0\1"
    blocks, records = b"", b""
    for start in range(0, len(data), block):
        plain = data[start : start + block]
        packed = lzma.compress(plain, lzma.FORMAT_RAW, filters=[_LZMA2])
        sizes = _xz_number(len(packed)) + _xz_number(len(plain))
        header = b"\xc0" + sizes + b"\x21\1\x0c"
        header += bytes(-(len(header) + 1) % 4)
        header = _with_crc(bytes([(len(header) + 5) // 4 - 1]) + header)
        records += _xz_number(len(header) + len(packed) + 4) + _xz_number(len(plain))
        check = zlib.crc32(plain).to_bytes(4, "little")
        blocks += header + packed + bytes(-len(packed) % 4) + check
    index = b"\0" + _xz_number(-(-len(data) // block)) + records
    index = _with_crc(index + bytes(-len(index) % 4))
    footer = (len(index) // 4 - 1).to_bytes(4, "little") + flags
    crcs = (zlib.crc32(part).to_bytes(4, "little") for part in (flags, footer))
    return b"\xfd7zXZ\0" + flags + next(crcs) + blocks + index + next(crcs) + footer + b"YZ"


_LZMA2 = {"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 18}


def _with_crc(data: bytes) -> bytes:
    return data + zlib.crc32(data).to_bytes(4, "little")


def _xz_number(number: int) -> bytes:
    """A number in groups of seven bits, the lowest first."""
    groups = b""
    while number >= 128:
        groups += bytes([number & 127 | 128])
        number >>= 7
    return groups + bytes([number])


def zst(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=1, write_checksum=True).compress(data)


def member(name: str, **fields: object) -> tarfile.TarInfo:
    """A member's header."""
    made = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(made, field, value)
    return made


def archive(*members: tuple[tarfile.TarInfo | str, bytes], form: int = tarfile.GNU_FORMAT) -> bytes:
    """A tar archive of members and their bytes."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=form) as target:
        for named, data in members:
            header = member(named) if isinstance(named, str) else named
            header.size = len(data)
            target.addfile(header, io.BytesIO(data))
    return packed.getvalue()


def tar(image: bytes) -> bytes:
    return archive(("disk.img", image))


def ova(*images: bytes, manifest: bytes | None = None) -> bytes:
    """An appliance of some disks, with what else belongs to it, as VMware's programs order it."""
    disks = [(f"appliance-disk{number}.vmdk", image) for number, image in enumerate(images, 1)]
    descriptor = ("appliance.ovf", OVF)
    if manifest is None:
        manifest = manifest_of(descriptor, *disks)
    return archive(descriptor, ("appliance.mf", manifest), *disks, form=tarfile.USTAR_FORMAT)


def manifest_of(*files: tuple[str, bytes], algorithm: str = "SHA256") -> bytes:
    """The manifest of an appliance."""
    lines = (
        f"{algorithm}({name})= {hashlib.new(algorithm, data).hexdigest()}\n" for name, data in files
    )
    return "".join(lines).encode()


WRAPPINGS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gz,
    "xz": xz,
    "zst": zst,
    "tar": tar,
    "tar.gz": lambda data: gz(tar(data)),
    "tar.xz": lambda data: xz(tar(data)),
    "tar.zst": lambda data: zst(tar(data)),
}
