"""The disks that benchmarks are run on."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest
from benchmarks.disk import GROUP, MIB, Content, make_raw_disk

from imageferry.imaging.source import FileSource

VIRTUAL_SIZE = GROUP + 32 * MIB
DATA_SIZE = 20 * MIB


def make(path: Path, content: Content = Content.FILES) -> Path:
    make_raw_disk(path, virtual_size=VIRTUAL_SIZE, data_size=DATA_SIZE, content=content)
    return path


def data(path: Path) -> bytes:
    with FileSource(path) as source:
        return b"".join(source.pread(*found) for found in source.data_ranges())


@pytest.mark.parametrize("content", list(Content))
def test_it_is_as_large_and_as_full_as_asked_for(tmp_path: Path, content: Content) -> None:
    path = make(tmp_path / "disk", content)

    assert path.stat().st_size == VIRTUAL_SIZE
    assert len(data(path)) == pytest.approx(DATA_SIZE, rel=0.1)


def test_it_is_the_same_every_time(tmp_path: Path) -> None:
    assert data(make(tmp_path / "first")) == data(make(tmp_path / "second"))


def test_files_can_be_compressed_by_half_and_random_bytes_not_at_all(tmp_path: Path) -> None:
    files = data(make(tmp_path / "files"))
    unrelated = data(make(tmp_path / "random", Content.RANDOM))

    assert 0.4 < len(zlib.compress(files, 1)) / len(files) < 0.8
    assert len(zlib.compress(unrelated, 1)) / len(unrelated) > 0.95
