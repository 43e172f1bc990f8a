"""A disk of 2 TiB costs its data: in bytes that are read, in memory, and in room."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from imageferry.buckets.folder_reader import FileReader
from imageferry.buckets.remote_reader import RemoteReader
from imageferry.tasks.model import Task, TaskStatus
from support.ferry import Ferry

MIB = 1 << 20
SIZE = 2040 << 30
"""The most that a VHD holds, 8 GiB below 2 TiB."""

DATA = random.Random(6).randbytes(MIB)
PLACES = (0, SIZE // 2 + MIB, SIZE - MIB)
TABLES = 48 * MIB
"""What a format may take for its tables of a disk of that size; for each VHDX block one of 8 bytes,
and for each cluster of a qcow2 in whose table there is data."""


class Counter:
    """Counts the bytes that readers of stored objects give."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, kind: type[Any]) -> None:
        self.count = 0
        pread = kind.pread

        def counted(reader: Any, offset: int, length: int) -> bytes:
            data: bytes = pread(reader, offset, length)
            self.count += len(data)
            return data

        monkeypatch.setattr(kind, "pread", counted)


def qemu(*arguments: object) -> None:
    subprocess.run([str(word) for word in arguments], check=True, capture_output=True)


def written(path: Path, image_format: str) -> bytes:
    """An image of 2 TiB with data at its beginning, in its middle and at its end."""
    pattern = path.with_name("pattern")
    pattern.write_bytes(DATA)
    qemu("qemu-img", "create", "-f", image_format, path, SIZE)
    commands = (f"write -s {pattern} {place} {MIB}" for place in PLACES)
    options = (part for command in commands for part in ("-c", command))
    qemu("qemu-io", "-f", image_format, *options, path)
    return path.read_bytes()


def finished(ferry: Ferry, task_id: str) -> Task:
    task = ferry.run(task_id)
    assert (task.status, task.error_message) == (TaskStatus.FINISHED, "")
    assert ferry.scratch == []
    return task


def check_content(path: Path, driver: str) -> None:
    """Make sure that an image has the data where it was, and that it is whole."""
    for place in PLACES:
        found = path.with_name("found")
        image = f"file.driver={driver},file.file.filename={path}"
        source = f"driver=raw,offset={place},size={MIB},{image}"
        qemu("qemu-img", "convert", "--image-opts", source, "-O", "raw", found)
        assert found.read_bytes() == DATA


@pytest.fixture
def huge(ferry: Ferry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An image that was imported from a sparse raw object in a folder."""
    draft = ferry.bucket.draft("huge.raw", tmp_path / "draft", token="test", metadata={})
    for place in PLACES:
        draft.write(place, DATA)
    draft.finish(SIZE).publish({})
    read = Counter(monkeypatch, FileReader)
    image_id, task_id = ferry.import_image("huge.raw")

    task = finished(ferry, task_id)

    assert len(PLACES) * MIB <= task.bytes_done <= len(PLACES) * MIB + (64 << 10)
    assert read.count < TABLES
    return image_id


@pytest.mark.parametrize(
    "layout", [("vhd", "vpc"), ("vdi", "vdi"), ("vmdk", "vmdk"), ("qcow2", "qcow2")], ids="-".join
)
def test_a_sparse_raw_object_costs_its_data(
    ferry: Ferry,
    huge: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    layout: tuple[str, str],
) -> None:
    image_format, driver = layout
    read = Counter(monkeypatch, FileReader)

    task = finished(ferry, ferry.export_image(huge, image_format))

    assert read.count < TABLES
    copy = tmp_path / "copy"
    with ferry.bucket.open(task.request["Objects"][0]) as reader, copy.open("wb") as target:
        for offset, length in reader.data_ranges():
            target.seek(offset)
            target.write(reader.pread(offset, length))
        target.truncate(reader.size)
    assert copy.stat().st_blocks * 512 < TABLES
    check_content(copy, driver)


@pytest.mark.parametrize("image_format", ["qcow2", "vhdx"])
def test_a_huge_image_in_s3_costs_its_data(
    in_s3: Ferry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, image_format: str
) -> None:
    image = written(tmp_path / f"huge.{image_format}", image_format)
    in_s3.bucket.put("huge", [image])
    read = Counter(monkeypatch, RemoteReader)
    image_id, task_id = in_s3.import_image("huge")

    finished(in_s3, task_id)

    assert read.count < 2 * len(image) + TABLES
    with in_s3.catalogue.open(f"{image_id}-system.qcow2") as reader:
        stored = tmp_path / "stored.qcow2"
        stored.write_bytes(reader.pread(0, reader.size))
    check_content(stored, "qcow2")
