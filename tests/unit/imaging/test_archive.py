from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path

import pytest

from imageferry.imaging.archive import write_tar_gz
from imageferry.imaging.threads import StoppedError, StopSignal

_MIB = 1024 * 1024


def sparse_file(path: Path, size: int, pieces: dict[int, bytes]) -> None:
    with path.open("wb") as file:
        for offset, data in pieces.items():
            file.seek(offset)
            file.write(data)
        file.truncate(size)


def test_the_archive_holds_the_disk_and_its_hash_is_true(tmp_path: Path) -> None:
    raw, target = tmp_path / "disk.raw", tmp_path / "disk.raw.tar.gz"
    sparse_file(raw, 21 * _MIB + 512, {0: b"boot" * 999, 9 * _MIB + 3: bytes(range(256)) * 9999})
    steps: list[int] = []
    archive = write_tar_gz(raw, "image.raw", target, stop=StopSignal(), progress=steps.append)
    assert archive.size == target.stat().st_size
    assert archive.sha256 == hashlib.sha256(target.read_bytes()).hexdigest()
    assert steps == sorted(steps)
    assert steps[-1] == raw.stat().st_size
    with tarfile.open(target) as packed:
        (member,) = packed.getmembers()
        assert (member.name, member.size, member.mode) == ("image.raw", 21 * _MIB + 512, 0o644)
        content = packed.extractfile(member)
        assert content is not None
        assert content.read() == raw.read_bytes()


def test_the_same_disk_gives_the_same_archive(tmp_path: Path) -> None:
    raw = tmp_path / "disk.raw"
    sparse_file(raw, 3 * _MIB, {100: b"x" * 5000})
    hashes = {
        write_tar_gz(
            raw, "d.raw", tmp_path / name, stop=StopSignal(), progress=lambda _: None
        ).sha256
        for name in ("one", "two")
    }
    assert len(hashes) == 1


def test_a_disk_above_8_gib_keeps_its_size(tmp_path: Path) -> None:
    raw, target = tmp_path / "disk.raw", tmp_path / "disk.tar.gz"
    size = 9 * 1024 * _MIB + 512
    sparse_file(raw, size, {8 * 1024 * _MIB: b"here"})
    archive = write_tar_gz(raw, "d.raw", target, stop=StopSignal(), progress=lambda _: None)
    assert archive.size < 12 * _MIB
    with tarfile.open(target) as packed:
        member = packed.next()
        assert member is not None
        assert member.size == size


def test_a_stopped_archive_leaves_nothing(tmp_path: Path) -> None:
    raw, target = tmp_path / "disk.raw", tmp_path / "disk.tar.gz"
    sparse_file(raw, 30 * _MIB, {0: b"x" * _MIB})
    stop = StopSignal()
    with pytest.raises(StoppedError):
        write_tar_gz(raw, "d.raw", target, stop=stop, progress=lambda _: stop.set())
    assert list(tmp_path.iterdir()) == [raw]
