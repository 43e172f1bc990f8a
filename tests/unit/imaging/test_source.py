from __future__ import annotations

import os
from pathlib import Path

import pytest

from imageferry.imaging.errors import SOURCE_FAILED, ImageError
from imageferry.imaging.source import FileSource, StoppableSource
from imageferry.imaging.threads import StoppedError, StopSignal

_MIB = 1024 * 1024


def test_a_file_is_read_at_any_place(tmp_path: Path) -> None:
    path = tmp_path / "disk"
    path.write_bytes(b"0123456789")
    with FileSource(path) as source:
        assert source.size == 10
        assert source.pread(3, 4) == b"3456"
        assert source.pread(8, 100) == b"89"
        assert source.pread(10, 5) == b""
        assert list(source.data_ranges()) == [(0, 10)]


def test_holes_are_known(tmp_path: Path) -> None:
    path = tmp_path / "disk"
    with path.open("wb") as file:
        file.seek(2 * _MIB)
        file.write(b"x" * _MIB)
        file.truncate(8 * _MIB)
    with FileSource(path) as source:
        assert list(source.data_ranges()) == [(2 * _MIB, _MIB)]


def test_bytes_appended_later_are_not_seen(tmp_path: Path) -> None:
    path = tmp_path / "disk"
    path.write_bytes(b"old")
    with FileSource(path) as source, path.open("ab") as file:
        file.write(b"new")
        file.flush()
        assert source.pread(0, 100) == b"old"
        assert list(source.data_ranges()) == [(0, 3)]


def test_bytes_that_were_cut_off_are_no_hole(tmp_path: Path) -> None:
    path = tmp_path / "disk"
    path.write_bytes(bytes(2 * _MIB))
    with FileSource(path) as source:
        os.truncate(path, _MIB)
        with pytest.raises(ImageError, match=f"ended early, at byte {_MIB}") as caught:
            list(source.data_ranges())
    assert caught.value.kind is SOURCE_FAILED


def test_reads_end_when_the_work_is_to_stop(tmp_path: Path) -> None:
    path = tmp_path / "disk"
    path.write_bytes(b"0123456789")
    stop = StopSignal()
    with FileSource(path) as file:
        source = StoppableSource(file, stop)
        assert (source.size, source.pread(8, 5), source.fileno()) == (10, b"89", file.fileno())
        assert list(source.data_ranges()) == [(0, 10)]
        stop.set()
        with pytest.raises(StoppedError):
            source.pread(0, 1)


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("/etc/passwd")
    with pytest.raises(OSError, match="symbolic"):
        FileSource(link)
