from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click
import pytest

from imageferry.cli import places
from imageferry.cli.places import StoredObject
from imageferry.cli.progress import Meter, Step


class Bucket:
    """Knows some names, and keeps what is uploaded."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.uploads: list[str] = []

    def exists(self, _bucket: str, key: str) -> bool:
        return key in self.names

    def upload(self, path: Path, _bucket: str, key: str, meter: Meter) -> str:
        self.uploads.append(key)
        meter.advance(path.stat().st_size)
        return "the hash"


class Silent:
    """A display that shows nothing."""

    def show(self, step: Step) -> None:
        pass


def upload(path: Path, bucket: Bucket) -> StoredObject:
    objects: Any = bucket
    return places.uploaded(path, "golden", objects, Silent())


def test_an_address_is_taken_apart() -> None:
    assert places.parse("oss://golden/a/b.qcow2") == StoredObject("golden", "a/b.qcow2")
    assert str(StoredObject("golden", "a/b.qcow2")) == "oss://golden/a/b.qcow2"
    assert places.parse_address("oss://golden") == StoredObject("golden", "")


@pytest.mark.parametrize(
    "text",
    ["oss://", "oss:///key", "oss://golden", "oss://golden/", "oss:/golden/a", "s3://golden/a"],
)
def test_an_address_without_an_object_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="expected oss://bucket"):
        places.parse(text)


def test_a_bucket_s_name_keeps_the_rules() -> None:
    for text, said in (
        ("oss://Golden", "the bucket 'Golden': expected small letters, digits and dashes"),
        ("oss://go", "the bucket 'go': expected 3 to 63 characters"),
    ):
        with pytest.raises(click.BadParameter, match=said):
            places.parse_address(text)


def test_a_file_has_to_be_there(tmp_path: Path) -> None:
    (tmp_path / "disk.raw").write_bytes(b"x")

    assert places.parse(str(tmp_path / "disk.raw")) == tmp_path / "disk.raw"
    for wrong, said in (
        (tmp_path, "is no file: name a disk image"),
        (tmp_path / "other.raw", "cannot be read: No such file"),
        (tmp_path / "disk.raw" / "other.raw", "cannot be read: Not a directory"),
    ):
        with pytest.raises(click.BadParameter, match=said):
            places.parse(str(wrong))


def test_a_file_becomes_an_object_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "disk.raw").write_bytes(b"x")
    bucket = Bucket()

    assert upload(tmp_path / "disk.raw", bucket) == StoredObject("golden", "disk.raw", "the hash")
    assert bucket.uploads == ["disk.raw"]


def test_an_object_that_is_there_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "disk.raw").write_bytes(b"x")

    stored = upload(tmp_path / "disk.raw", Bucket("disk.raw"))

    assert stored.key != "disk.raw"
    assert stored.key.startswith("disk-")
    assert stored.key.endswith("Z.raw")


def test_a_file_name_that_is_no_text_becomes_one(tmp_path: Path) -> None:
    path = Path(os.fsdecode(bytes(tmp_path) + b"/\xff.raw"))
    path.write_bytes(b"x")

    assert upload(path, Bucket()).key == "?.raw"
