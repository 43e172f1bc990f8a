from __future__ import annotations

import gzip
import random
import threading
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from imageferry.imaging.errors import ImageError
from imageferry.imaging.formats import Format
from imageferry.imaging.packaging.finding import find_package
from imageferry.imaging.packaging.moving import MovedPackage, move_packaged
from imageferry.imaging.scratch import Scratch
from imageferry.imaging.source import ByteSource
from imageferry.imaging.threads import StoppedError, StopSignal
from imageferry.imaging.writers.raw import RawWriter
from support.images.packages import archive, gz, tar, xz, zst
from support.sources import BytesSource

_MIB = 1024 * 1024
_NOISE = random.Random(1).randbytes(100_000)
_QCOW2 = b"QFI\xfb\0\0\0\3"


class EndlessSource(BytesSource):
    """A source of which the last part follows itself over and over."""

    def __init__(self, head: bytes, part: bytes, count: int) -> None:
        super().__init__(head, size=len(head) + len(part) * count)
        self._part = part

    def pread(self, offset: int, length: int) -> bytes:
        length = min(length, self.size - offset)
        data = super().pread(offset, length)
        start = (offset + len(data) - len(self.data)) % len(self._part)
        rest = length - len(data)
        parts = self._part * (rest // len(self._part) + 2)
        return data + parts[start : start + rest]


class Written:
    """What was written, and how far."""

    def __init__(self) -> None:
        self.pieces: dict[int, bytes] = {}

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        self.pieces[offset] = bytes(data)


class Moving:
    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.output = Written()
        self.stop = StopSignal()
        self.progress: list[int] = []
        self.begun: list[int] = []
        self.claimed: list[int] = []

    def __call__(self, source: ByteSource, declared: Format | None = None) -> MovedPackage:
        package = find_package(source)
        assert package is not None
        return move_packaged(
            source,
            package,
            RawWriter(self.output),
            declared=declared,
            max_virtual_size=64 * _MIB,
            scratch=Scratch(self.scratch, self.claimed.append),
            hash_source=True,
            stop=self.stop,
            begin=self.begun.append,
            progress=self.progress.append,
        )


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[Moving]:
    """Moves into a raw disk; nothing is left of it but the disk."""
    threads, files = set(threading.enumerate()), psutil.Process().num_fds()
    yield Moving(tmp_path)
    assert set(threading.enumerate()) <= threads
    assert psutil.Process().num_fds() <= files
    assert not list(tmp_path.iterdir())


def refusal(moving: Moving, source: ByteSource, declared: Format | None = None) -> str:
    with pytest.raises(ImageError) as caught:
        moving(source, declared)
    return f"{caught.value.code} {caught.value.detail}"


@pytest.mark.parametrize("pack", [gz, xz, zst, lambda data: gz(tar(data))])
def test_a_raw_disk_needs_no_scratch(moving: Moving, pack: Callable[[bytes], bytes]) -> None:
    moving.scratch = Path("/nowhere")
    source = BytesSource(pack(bytes(9 * _MIB) + _NOISE))
    moved = moving(source)
    assert moved.inspection.format is Format.RAW
    assert moved.moved.transferred.virtual_size == 9 * _MIB + 100_352
    assert moved.moved.taken == source.size
    assert moving.begun == [source.size]
    assert moving.claimed == []
    assert moving.progress[-1] == source.size
    (place,) = moving.output.pieces
    assert moving.output.pieces[place].strip(b"\0") == _NOISE.strip(b"\0")


_BOMB = bytes(16 * _MIB)
_BOMBS = [
    pytest.param(gz, "InvalidImageSize Of", b"", id="gzip"),
    pytest.param(xz, "InvalidImageSize Of", b"", id="xz"),
    pytest.param(zst, "InvalidImageSize Of", b"", id="zstd"),
    pytest.param(gz, "InvalidImageSize.Exceeded", _QCOW2, id="qcow2"),
]


@pytest.mark.parametrize(("pack", "code", "head"), _BOMBS)
def test_a_bomb_of_a_tebibyte_is_stopped_at_the_bound(
    moving: Moving, pack: Callable[[bytes], bytes], code: str, head: bytes
) -> None:
    source = EndlessSource(pack(head), pack(_BOMB), 65536)
    assert refusal(moving, source).startswith(code)


def test_a_bomb_behind_the_disk_of_an_archive_is_stopped(moving: Moving) -> None:
    source = EndlessSource(gz(tar(_NOISE)), gz(_BOMB), 65536)
    assert refusal(moving, source).startswith("InvalidImageSize.Exceeded")


def test_an_archive_that_claims_a_large_disk_is_refused_at_once(moving: Moving) -> None:
    header = bytearray(archive(("disk", b""))[:512])
    header[124:136] = b"%011o\0" % (64 * _MIB + 513)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    source = BytesSource(gz(bytes(header)), gz(_NOISE))
    assert refusal(moving, source).startswith("InvalidImageSize Of the image in the tar archive")


@pytest.mark.parametrize(
    ("data", "declared", "code"),
    [
        (_NOISE, Format.QCOW2, "InvalidImageFormat.Mismatch"),
        (_NOISE, Format.VHD, "InvalidImageFormat.Mismatch"),
        (_QCOW2 + _NOISE, Format.RAW, "InvalidImageFormat.Mismatch"),
        (_QCOW2 + _NOISE, Format.VHD, "InvalidImageFormat.Mismatch"),
        (_QCOW2 + _NOISE, None, "InvalidImageFormat"),
        (b"QED\0" + _NOISE, None, "InvalidImageFormat.Unsupported"),
        (b"", None, "InvalidImageSize.Empty"),
        (gz(_NOISE), None, "InvalidImageFormat.Archive"),
    ],
)
def test_what_is_inside_is_inspected(
    moving: Moving, data: bytes, declared: Format | None, code: str
) -> None:
    assert refusal(moving, BytesSource(gz(data)), declared).startswith(code)
    assert not moving.output.pieces


@pytest.mark.parametrize("head", [b"", _QCOW2])
def test_damage_at_the_very_end_is_seen(moving: Moving, head: bytes) -> None:
    packed = bytearray(gzip.compress(head + _NOISE))
    packed[-8] ^= 1
    told = refusal(moving, BytesSource(bytes(packed)))
    assert told.startswith("InvalidImageFormat.ArchiveCorrupt")


def test_a_source_that_breaks_off_is_refused(moving: Moving) -> None:
    told = refusal(moving, BytesSource(gz(_NOISE)[:-9]))
    assert told.startswith("InvalidImageFormat.Truncated")


def test_a_source_that_ends_before_its_size_is_refused(moving: Moving) -> None:
    packed = gz(_NOISE)
    told = refusal(moving, BytesSource(packed[:-9], size=len(packed)))
    assert told.startswith(
        f"SourceReadFailed Reading the source ended early, at byte {len(packed) - 9}."
    )


@pytest.mark.parametrize("head", [b"", _QCOW2])
def test_it_stops_in_the_midst_of_zeros(moving: Moving, head: bytes) -> None:
    moving.stop.set()
    with pytest.raises(StoppedError):
        moving(BytesSource(*chain([gz(head)], repeat(gz(bytes(_MIB)), 50))))


def test_a_writer_that_fails_ends_it(moving: Moving) -> None:
    def fail(offset: int, data: bytes | bytearray | memoryview) -> None:
        raise OSError("no space")

    moving.output.write = fail  # type: ignore[method-assign]
    with pytest.raises(OSError, match="no space"):
        moving(BytesSource(gz(_NOISE * 100)))


def test_a_scratch_folder_that_is_gone_ends_it(moving: Moving) -> None:
    moving.scratch = Path("/nowhere")
    with pytest.raises(FileNotFoundError):
        moving(BytesSource(gz(_QCOW2 + _NOISE)))


def test_an_archive_claims_what_its_image_has_before_it_is_unpacked(moving: Moving) -> None:
    image = _QCOW2 + _NOISE
    refusal(moving, BytesSource(gz(tar(image))))
    assert moving.claimed == [len(image)]


def test_an_image_of_unknown_size_claims_no_more_than_it_may_have(moving: Moving) -> None:
    refusal(moving, BytesSource(gz(_QCOW2 + _NOISE)))
    assert moving.claimed == [80 * _MIB]


def test_an_image_that_is_larger_than_the_room_is_stopped_when_it_is(
    moving: Moving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=_MIB))
    source = EndlessSource(gz(_QCOW2), gz(_NOISE), 65536)
    told = refusal(moving, source)
    assert told.startswith("ConversionFailed.InsufficientSpace The gzip data unpacks to more")
    assert moving.claimed == [_MIB - _MIB // 16]


def test_an_archive_whose_image_there_is_no_room_for_is_refused_beforehand(
    moving: Moving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1000))
    told = refusal(moving, BytesSource(gz(tar(_QCOW2 + _NOISE))))
    assert told.startswith("ConversionFailed.InsufficientSpace The task needs up to 100008 bytes")
    assert moving.claimed == []
