"""Where a disk image lies: a file here, or an object in a bucket."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imageferry.cli.progress import Display, Meter
from imageferry.cli.values import BUCKET_NAME

if TYPE_CHECKING:
    from imageferry.cli.objects import Objects

SCHEME = "oss://"


@dataclass(frozen=True)
class StoredObject:
    """An object in a bucket; as a prefix, the beginning of objects' names.

    Attributes:
        sha256: The SHA-256 of the file that was uploaded to it; empty where it was there before.
    """

    bucket: str
    key: str
    sha256: str = ""

    def __str__(self) -> str:
        """Its address."""
        return f"{SCHEME}{self.bucket}/{self.key}"


def parse(text: str) -> Path | StoredObject:
    """Read what a user calls a disk image: a path, or ``oss://bucket/object``.

    Raises:
        click.BadParameter: it is neither a file nor an address.
    """
    if text.startswith(SCHEME):
        found = parse_address(text)
        if not found.key:
            raise click.BadParameter(f"{text!r} names no object: expected oss://bucket/object")
        return found
    if "://" in text or text.startswith("oss:"):
        raise click.BadParameter(
            f"{text!r} is no address of an object: expected oss://bucket/object"
        )
    return _file(text)


def _file(text: str) -> Path:
    path = Path(text)
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise click.BadParameter(f"the file {text!r} cannot be read: {error.strerror}") from None
    if not stat.S_ISREG(mode):
        raise click.BadParameter(f"{text!r} is no file: name a disk image, or oss://bucket/object")
    return path


def parse_address(text: str) -> StoredObject:
    """Read ``oss://bucket`` or ``oss://bucket/rest``.

    Raises:
        click.BadParameter: it is no such address.
    """
    bucket, _, key = text.removeprefix(SCHEME).partition("/")
    if not text.startswith(SCHEME) or not bucket:
        raise click.BadParameter(f"{text!r} is no address of a bucket: expected oss://bucket")
    try:
        return StoredObject(BUCKET_NAME.convert(bucket, None, None), key)
    except click.BadParameter as error:
        raise click.BadParameter(f"the bucket {error.message}") from None


def uploaded(path: Path, bucket: str, objects: Objects, shown: Display) -> StoredObject:
    """Put a file into a bucket, which exists, and tell where it is.

    The object has the file's name. One that is there already is never
    replaced: the time is added to the name instead.
    """
    # A file name need not be UTF-8, an object's has to be.
    name = path.name.encode("utf-8", "replace").decode()
    key = name
    if objects.exists(bucket, name):
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        key = f"{Path(name).stem}-{moment}{Path(name).suffix}"
    meter = Meter(shown, f"upload {name}", path.stat().st_size)
    return StoredObject(bucket, key, objects.upload(path, bucket, key, meter))
