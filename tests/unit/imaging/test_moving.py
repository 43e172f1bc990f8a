"""The parts of the transfer put together; all formats are tried by the integration tests."""

from __future__ import annotations

import hashlib
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from imageferry.imaging import planned_source
from imageferry.imaging.disk import BLOCK_SIZE
from imageferry.imaging.hashing import SourceHash
from imageferry.imaging.inspect import inspect
from imageferry.imaging.moving import Moved, move, stored_checksum
from imageferry.imaging.readers.opening import open_reader
from imageferry.imaging.scratch import Scratch
from imageferry.imaging.source import FileSource
from imageferry.imaging.threads import StoppedError, StopSignal
from imageferry.imaging.writers.raw import RawWriter
from support.written import MemoryOutput

_DISK = Random(1).randbytes(BLOCK_SIZE + 512) + bytes(BLOCK_SIZE) + b"end".ljust(512, b"\0")

_BLOCKS = 3
"""Those of the disk that hold more than zeros."""


@pytest.fixture
def source(tmp_path: Path) -> Iterator[FileSource]:
    (tmp_path / "image").write_bytes(_DISK)
    with FileSource(tmp_path / "image") as source:
        yield source


def moved(source: Any, folder: Path, **changes: Any) -> tuple[Moved, bytes]:
    output = MemoryOutput()
    options: dict[str, Any] = {
        "scratch": Scratch(folder),
        "hash_source": True,
        "stop": StopSignal(),
        "begin": lambda total: None,
        "progress": lambda done: None,
    }
    reader = open_reader(source, inspect(source, max_virtual_size=1 << 30))
    result = move(source, reader, RawWriter(output), **options | changes)
    return result, output.finish(result.transferred.size)


def test_a_disk_is_written_and_all_of_its_hashes_are_told(
    source: FileSource, tmp_path: Path
) -> None:
    seen: list[int] = []
    result, disk = moved(source, tmp_path, begin=seen.append, progress=seen.append)
    assert disk == _DISK
    assert result.source_sha256 == hashlib.sha256(_DISK).hexdigest()
    assert result.transferred.content_crc32 == zlib.crc32(_DISK)
    assert seen == [result.taken, *sorted(seen[1:])]
    assert seen[-1] == result.taken == len(_DISK)


def test_progress_goes_on_while_the_rest_of_the_source_is_hashed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hash waits until the disk is written, and goes on piece by piece as it is looked at."""
    seen: list[int] = []
    written, looked = threading.Event(), threading.Semaphore(0)

    class SlowHash(SourceHash):
        def _read(self, offset: int, length: int) -> bytes:
            assert written.wait(60)
            assert looked.acquire(timeout=60)
            return super()._read(offset, length)

    def progress(done: int) -> None:
        seen.append(done)
        if len(seen) > _BLOCKS:
            written.set()
            looked.release()

    monkeypatch.setattr(planned_source, "SourceHash", SlowHash)
    (tmp_path / "image").write_bytes(_DISK)
    with FileSource(tmp_path / "image") as source:
        moved(source, tmp_path, progress=progress)
    assert seen == sorted(seen)
    assert set(seen[:_BLOCKS]) == {0}
    assert seen[-1] == len(_DISK)
    assert len(set(seen)) > 3


def test_the_source_is_hashed_only_where_that_is_wanted(source: FileSource, tmp_path: Path) -> None:
    result, disk = moved(source, tmp_path, hash_source=False)
    assert (result.source_sha256, disk) == ("", _DISK)


def test_a_stored_disk_is_read_back(source: FileSource, tmp_path: Path) -> None:
    reader = open_reader(source, inspect(source, max_virtual_size=1 << 30))
    found = stored_checksum(
        source, reader, scratch=Scratch(tmp_path), stop=StopSignal(), progress=lambda done: None
    )
    assert found == zlib.crc32(_DISK)


def test_it_can_be_stopped(source: FileSource, tmp_path: Path) -> None:
    stop = StopSignal()
    with pytest.raises(StoppedError):
        moved(source, tmp_path, stop=stop, progress=lambda done: stop.set())


def test_what_the_source_raises_is_raised(pieces: Callable[..., Any], tmp_path: Path) -> None:
    class BrokenError(Exception):
        pass

    source = pieces({0: _DISK})
    found = inspect(source, max_virtual_size=1 << 30)

    def pread(offset: int, length: int) -> bytes:
        raise BrokenError

    source.pread = pread
    with pytest.raises(BrokenError):
        move(
            source,
            open_reader(source, found),
            RawWriter(MemoryOutput()),
            scratch=Scratch(tmp_path),
            hash_source=True,
            stop=StopSignal(),
            begin=lambda total: None,
            progress=lambda done: None,
        )
