from __future__ import annotations

import asyncio
import hashlib
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from imageferry.imaging.convert import Conversion, convert, default_limits
from imageferry.imaging.errors import ImageError
from imageferry.imaging.formats import Format
from imageferry.imaging.inspect import inspect
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.lease import Lease, LeaseExpiredError
from imageferry.imaging.program import Limits
from imageferry.imaging.qemu_img import QemuImg
from imageferry.imaging.source import ByteSource, FileSource
from imageferry.imaging.verify import compare, verify
from support.processes import has_ended

_MIB = 1024 * 1024
_SIZE = 19 * _MIB + 512


@pytest.fixture
def raw(tmp_path: Path, write_raw: Callable[..., Path]) -> Path:
    pieces = {0: b"boot" * 128, 7 * _MIB + 5: bytes(range(251)) * 9000, _SIZE - 3: b"end"}
    return write_raw(tmp_path / "disk.raw", _SIZE, pieces)


def look(source: ByteSource) -> Inspection:
    return inspect(source, max_virtual_size=1 << 45)


class SlowSource:
    """A file without a descriptor, whose reads after the first few wait or fail."""

    def __init__(self, source: FileSource, after: Callable[[int], None]) -> None:
        self._source = source
        self._after = after
        self.size = source.size

    def pread(self, offset: int, length: int) -> bytes:
        self._after(offset)
        return self._source.pread(offset, length)

    def data_ranges(self) -> Iterator[tuple[int, int]]:
        yield 0, self.size

    def fileno(self) -> int | None:
        return None


@pytest.mark.parametrize("target_format", Format)
def test_a_disk_is_written_verified_and_equal(
    tmp_path: Path, raw: Path, qemu_img: QemuImg, lease: Lease, target_format: Format
) -> None:
    target = tmp_path / "target.partial"
    target.write_text("left behind by a crash")
    steps: list[int] = []

    async def main() -> Conversion:
        with FileSource(raw) as source:
            found = look(source)
            made = await convert(
                source, found, target, target_format,
                qemu_img=qemu_img, lease=lease, progress=steps.append,
            )  # fmt: skip
            written = await verify(target, target_format, _SIZE, qemu_img=qemu_img, lease=lease)
            with FileSource(target) as result:
                await compare(source, found, result, written, qemu_img=qemu_img, lease=lease)
            return made

    made = asyncio.run(main())
    assert made.source_sha256 == hashlib.sha256(raw.read_bytes()).hexdigest()
    assert (made.source_size, made.virtual_size) == (_SIZE, _SIZE)
    assert made.size == target.stat().st_size
    assert steps == sorted(steps)
    assert steps[-1] == _SIZE
    assert all(step < _SIZE for step in steps[:-1])


@pytest.mark.parametrize("size", [1, 102, 511, 513, 65537])
def test_a_file_that_is_no_whole_sector_is_padded_with_zeroes(
    tmp_path: Path, qemu_img: QemuImg, lease: Lease, size: int
) -> None:
    source_path, stored, back = tmp_path / "text", tmp_path / "stored", tmp_path / "back"
    source_path.write_bytes(b"x" * size)

    async def main() -> None:
        for origin, target, kind in (
            (source_path, stored, Format.QCOW2),
            (stored, back, Format.RAW),
        ):
            with FileSource(origin) as source:
                await convert(
                    source, look(source), target, kind,
                    qemu_img=qemu_img, lease=lease, progress=lambda _: None, hash_source=False,
                )  # fmt: skip

    asyncio.run(main())
    assert back.read_bytes() == source_path.read_bytes().ljust(-(-size // 512) * 512, b"\0")


def failing(
    source: ByteSource, target: Path, qemu_img: QemuImg, lease: Lease, **options: Any
) -> Exception:
    async def main() -> None:
        await convert(
            source, look(source), target, Format.QCOW2,
            qemu_img=qemu_img, lease=lease, progress=lambda _: None, **options,
        )  # fmt: skip

    with pytest.raises((ImageError, LeaseExpiredError)) as caught:
        asyncio.run(main())
    assert not target.exists()
    return caught.value


def test_the_limit_of_the_files_size_is_a_clear_error(
    tmp_path: Path, raw: Path, qemu_img: QemuImg, lease: Lease
) -> None:
    with FileSource(raw) as source:
        error = failing(source, tmp_path / "t", qemu_img, lease, limits=Limits(file_bytes=_MIB))
    assert isinstance(error, ImageError)
    assert error.code == "ConversionFailed.Limit"
    assert "File too large" in error.detail


@pytest.mark.parametrize("hash_source", [True, False])
def test_a_source_that_fails_is_the_error(
    tmp_path: Path, raw: Path, qemu_img: QemuImg, lease: Lease, hash_source: bool
) -> None:
    def fail(offset: int) -> None:
        if offset >= 8 * _MIB:
            raise ConnectionError("The object has changed.")

    with FileSource(raw) as file:
        source = SlowSource(file, lambda _: None)
        found = look(source)
        source = SlowSource(file, fail)

        async def main() -> None:
            await convert(
                source, found, tmp_path / "t", Format.QCOW2,
                qemu_img=qemu_img, lease=lease, progress=lambda _: None, hash_source=hash_source,
            )  # fmt: skip

        with pytest.raises(ImageError, match="The object has changed") as caught:
            asyncio.run(main())
    assert caught.value.code == "SourceReadFailed"
    assert not (tmp_path / "t").exists()


def test_a_lost_lease_leaves_nothing(tmp_path: Path, raw: Path, qemu_img: QemuImg) -> None:
    with FileSource(raw) as source:
        error = failing(source, tmp_path / "t", qemu_img, Lease(0.0))
    assert isinstance(error, LeaseExpiredError)


def _running_programs() -> list[psutil.Process]:
    """The qemu-img that runs and its guard, as soon as there is one."""
    while True:
        running: list[psutil.Process] = psutil.Process().children(recursive=True)
        for process in running:
            if process.name() == "qemu-img":
                return [process, *process.parents()[:1]]
        time.sleep(0.01)


def test_cancelling_ends_qemu_img_and_removes_the_file(
    tmp_path: Path, raw: Path, qemu_img: QemuImg, lease: Lease
) -> None:
    target = tmp_path / "t"

    async def main() -> None:
        loop = asyncio.get_running_loop()
        reading, may_go_on = asyncio.Event(), threading.Event()

        def wait(offset: int) -> None:
            if offset >= 8 * _MIB:
                loop.call_soon_threadsafe(reading.set)
                may_go_on.wait(20)

        with FileSource(raw) as file:
            found = look(file)
            source = SlowSource(file, wait)
            job = asyncio.create_task(
                convert(
                    source,
                    found,
                    target,
                    Format.QCOW2,
                    qemu_img=qemu_img,
                    lease=lease,
                    progress=lambda _: None,
                )
            )
            await reading.wait()
            running = await asyncio.to_thread(_running_programs)
            asked = loop.time()
            job.cancel()
            may_go_on.set()
            with pytest.raises(asyncio.CancelledError):
                await job
            assert loop.time() - asked < 1
        assert all(has_ended(process) for process in running)
        assert not target.exists()

    asyncio.run(main())


def bomb(path: Path) -> Path:
    """A qcow2 whose tables are too many to inspect, the last ones all leading to one cluster.

    Each reference has its count, so ``qemu-img check`` finds nothing to complain about.
    """
    cluster, tables = 65536, 72
    first_table, first_own = 8, 8 + tables
    own = 1 << 63
    counts = [1] * first_own + [8192 * (tables - 64)]
    header = struct.pack(
        ">4sIQIIQIIQQIIQ", b"QFI\xfb", 3, 0, 0, 16, tables * 8192 * cluster, 0,
        tables, 3 * cluster, cluster, 1, 0, 0,
    )  # fmt: skip
    header += struct.pack(">QQQIIQ", 0, 0, 0, 5, 112, 0)
    l2 = struct.pack(">Q", first_own * cluster) * 8192
    with path.open("wb") as file:
        file.write(header)
        file.seek(cluster)
        file.write(struct.pack(">Q", 2 * cluster))
        file.seek(2 * cluster)
        file.write(struct.pack(f">{len(counts)}I", *counts))
        file.seek(3 * cluster)
        file.write(
            struct.pack(f">{tables}Q", *((first_table + n) * cluster | own for n in range(tables)))
        )
        for number in range(tables):
            file.seek((first_table + number) * cluster)
            file.write(l2 if number >= 64 else bytes(cluster))
        file.seek(first_own * cluster)
        file.write(b"boom" * (cluster // 4))
    return path


def test_a_bomb_behind_the_inspected_tables_is_stopped_by_what_it_reads(
    tmp_path: Path, qemu_img: QemuImg, lease: Lease
) -> None:
    with FileSource(bomb(tmp_path / "bomb")) as source:
        assert not look(source).complete
        error = failing(source, tmp_path / "t", qemu_img, lease)
    assert isinstance(error, ImageError)
    assert error.code == "InvalidImageSize.Exceeded"


def test_a_result_of_another_size_is_not_verified(
    tmp_path: Path, raw: Path, qemu_img: QemuImg, lease: Lease, write_image: Callable[..., Path]
) -> None:
    image = write_image(raw, tmp_path / "image", "qcow2")
    with pytest.raises(ImageError, match=f"virtual size is {_SIZE} bytes, not 512") as caught:
        asyncio.run(verify(image, Format.QCOW2, 512, qemu_img=qemu_img, lease=lease))
    assert caught.value.code == "VerificationFailed"


def test_a_damaged_result_is_not_verified(
    tmp_path: Path, raw: Path, qemu_img: QemuImg, lease: Lease, write_image: Callable[..., Path]
) -> None:
    image = write_image(raw, tmp_path / "image", "qcow2")
    with image.open("r+b") as file:
        file.seek(65536 * 2)
        file.write(bytes(64))
    with pytest.raises(ImageError, match="qemu-img check finds: ") as caught:
        asyncio.run(verify(image, Format.QCOW2, _SIZE, qemu_img=qemu_img, lease=lease))
    assert caught.value.code == "VerificationFailed"


def test_a_result_of_another_format_is_not_verified(
    raw: Path, qemu_img: QemuImg, lease: Lease
) -> None:
    with pytest.raises(ImageError, match=r"The result is no sound image\. The image is declared"):
        asyncio.run(verify(raw, Format.QCOW2, _SIZE, qemu_img=qemu_img, lease=lease))


def test_one_wrong_byte_is_found(
    tmp_path: Path, raw: Path, qemu_img: QemuImg, lease: Lease, write_image: Callable[..., Path]
) -> None:
    image = write_image(raw, tmp_path / "image", "qcow2")
    with raw.open("r+b") as file:
        file.seek(8 * _MIB)
        file.write(b"\xff")

    async def main() -> None:
        with FileSource(raw) as one, FileSource(image) as other:
            await compare(one, look(one), other, look(other), qemu_img=qemu_img, lease=lease)

    with pytest.raises(ImageError, match="The images differ: Content mismatch at") as caught:
        asyncio.run(main())
    assert caught.value.code == "VerificationFailed"


def test_limits_leave_room_for_tables_only() -> None:
    limits = default_limits(64 << 30)
    assert limits.file_bytes is not None
    assert 64 << 30 < limits.file_bytes < 66 << 30
