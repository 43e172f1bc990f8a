"""Results that are not what they should be, found by a real qemu-img."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from imageferry.imaging import qemu_img as qemu_img_module
from imageferry.imaging import verify as verify_module
from imageferry.imaging.errors import ImageError
from imageferry.imaging.formats import Format
from imageferry.imaging.inspect import inspect
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.lease import Lease
from imageferry.imaging.program import Limits
from imageferry.imaging.qemu_img import QemuImg
from imageferry.imaging.source import ByteSource, FileSource
from imageferry.imaging.verify import compare, verify

_MIB = 1024 * 1024
_SIZE = 19 * _MIB + 512


@pytest.fixture
def raw(tmp_path: Path, write_raw: Callable[..., Path]) -> Path:
    pieces = {0: b"boot" * 128, 7 * _MIB + 5: bytes(range(251)) * 9000, _SIZE - 3: b"end"}
    return write_raw(tmp_path / "disk.raw", _SIZE, pieces)


def look(source: ByteSource) -> Inspection:
    return inspect(source, max_virtual_size=1 << 45)


def verify_file(image: Path, size: int, qemu_img: QemuImg, lease: Lease) -> Inspection:
    """Verify a file as a qcow2."""
    with FileSource(image) as target:
        return asyncio.run(verify(target, Format.QCOW2, size, qemu_img=qemu_img, lease=lease))


def test_a_result_of_another_size_is_not_verified(
    tmp_path: Path, raw: Path, qemu_img: QemuImg, lease: Lease, write_image: Callable[..., Path]
) -> None:
    image = write_image(raw, tmp_path / "image", "qcow2")
    with pytest.raises(ImageError, match=f"virtual size is {_SIZE} bytes, not 512") as caught:
        verify_file(image, 512, qemu_img, lease)
    assert caught.value.code == "VerificationFailed"


@pytest.fixture
def image(tmp_path: Path, raw: Path, write_image: Callable[..., Path]) -> Path:
    """The disk as a qcow2."""
    return write_image(raw, tmp_path / "image", "qcow2")


@pytest.fixture
def endless(tmp_path: Path) -> QemuImg:
    """A qemu-img that never ends, as with an image that leads it in a circle."""
    path = tmp_path / "endless"
    path.write_text("#!/bin/sh\nwhile :; do :; done\n")
    path.chmod(0o755)
    return QemuImg(path)


def test_a_check_that_takes_too_long_is_ended(
    image: Path, endless: QemuImg, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qemu_img_module, "_SMALL_WORK", Limits(cpu_seconds=1))
    with pytest.raises(ImageError, match="used more than 1 s of processor time") as caught:
        verify_file(image, _SIZE, endless, lease)
    assert caught.value.code == "ConversionFailed.Limit"


def test_a_check_that_takes_too_much_memory_fails(
    image: Path, qemu_img: QemuImg, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qemu_img_module, "_SMALL_WORK", Limits(address_space=16 * _MIB))
    with pytest.raises(ImageError, match="qemu-img check failed: ") as caught:
        verify_file(image, _SIZE, qemu_img, lease)
    assert caught.value.code.startswith("ConversionFailed")


def test_a_comparison_that_takes_too_long_is_ended(
    raw: Path, endless: QemuImg, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify_module, "comparison_limits", lambda size: Limits(cpu_seconds=1))
    with FileSource(raw) as source:
        found = look(source)
        with pytest.raises(ImageError, match="used more than 1 s of processor time") as caught:
            asyncio.run(compare(source, found, source, found, qemu_img=endless, lease=lease))
    assert caught.value.code == "ConversionFailed.Limit"


def test_a_damaged_result_is_not_verified(
    tmp_path: Path, raw: Path, qemu_img: QemuImg, lease: Lease, write_image: Callable[..., Path]
) -> None:
    image = write_image(raw, tmp_path / "image", "qcow2")
    with image.open("r+b") as file:
        file.seek(65536 * 2)
        file.write(bytes(64))
    with pytest.raises(ImageError, match="qemu-img check finds: ") as caught:
        verify_file(image, _SIZE, qemu_img, lease)
    assert caught.value.code == "VerificationFailed"


def test_a_result_of_another_format_is_not_verified(
    raw: Path, qemu_img: QemuImg, lease: Lease
) -> None:
    with pytest.raises(ImageError, match=r"The result is no sound image\. The image is declared"):
        verify_file(raw, _SIZE, qemu_img, lease)


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
