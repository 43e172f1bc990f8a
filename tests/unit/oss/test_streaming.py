from __future__ import annotations

import os
from pathlib import Path

import pytest

from imageferry.buckets.folder_reader import FileReader
from imageferry.buckets.interface import ObjectInfo
from imageferry.database.metadata import now
from imageferry.oss.reply import ByteRange, Reply
from imageferry.oss.streaming import with_small_content_read

MIB = 2**20


def opened(folder: Path, *, size: int, said: int | None = None) -> FileReader:
    """An open object of ``size`` bytes that is said to have another size, where one is given."""
    path = folder / "object"
    path.write_bytes(bytes(range(256)) * (size // 256))
    info = ObjectInfo("object", size if said is None else said, "ETAG", now())
    return FileReader(os.open(path, os.O_RDONLY), info)


def test_a_small_range_becomes_the_body_and_its_object_is_let_go(tmp_path: Path) -> None:
    reader = opened(tmp_path, size=4096)
    reply = Reply(206, {"etag": "ETAG"}, content=ByteRange(reader, 2, 3))

    assert with_small_content_read(reply) == Reply(206, {"etag": "ETAG"}, b"\x02\x03\x04")
    assert reader.fileno() == -1


def test_a_large_object_is_left_to_be_streamed(tmp_path: Path) -> None:
    with opened(tmp_path, size=MIB) as reader:
        reply = Reply(content=ByteRange(reader, 0, MIB))

        assert with_small_content_read(reply) is reply
        assert reader.pread(0, 1) == b"\x00"


def test_an_object_that_became_shorter_is_not_sent(tmp_path: Path) -> None:
    reader = opened(tmp_path, size=256, said=512)

    with pytest.raises(EOFError):
        with_small_content_read(Reply(content=ByteRange(reader, 0, 512)))
    assert reader.fileno() == -1
