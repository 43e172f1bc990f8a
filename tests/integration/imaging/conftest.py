"""Real qemu-img, real files."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from imageferry.imaging.lease import Lease
from imageferry.imaging.qemu_img import QemuImg


@pytest.fixture(scope="session")
def qemu_img() -> QemuImg:
    return QemuImg.find()


@pytest.fixture
def lease() -> Lease:
    return Lease(60)


@pytest.fixture(scope="session")
def write_raw() -> Callable[..., Path]:
    """Writes a sparse raw disk from pieces of data."""

    def write(path: Path, size: int, pieces: Mapping[int, bytes]) -> Path:
        with path.open("wb") as file:
            for offset, data in pieces.items():
                file.seek(offset)
                file.write(data)
            file.truncate(size)
        return path

    return write


@pytest.fixture(scope="session")
def write_image(qemu_img: QemuImg) -> Callable[..., Path]:
    """Has qemu-img write a raw disk in another format."""

    def write(raw: Path, target: Path, driver: str, options: str = "", *more: str) -> Path:
        command: list[str | Path] = [qemu_img.path, "convert", "-f", "raw", "-O", driver, *more]
        if options:
            command += ["-o", options]
        subprocess.run([*command, raw, target], check=True, capture_output=True)
        return target

    return write
