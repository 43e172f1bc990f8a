"""Wrappings of disk images, as ordinary programs make them."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import tarfile
from collections.abc import Callable

import zstandard

OVF = b"<?xml version='1.0'?>\n<Envelope/>\n"


def gz(data: bytes) -> bytes:
    return gzip.compress(data, compresslevel=1)


def xz(data: bytes) -> bytes:
    return lzma.compress(data, preset=0)


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
