"""Images that qemu-img wrote are accepted, with exactly the size that qemu presents."""

from __future__ import annotations

import json
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from imageferry.imaging.errors import ImageError
from imageferry.imaging.inspect import inspect
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.qemu_img import QemuImg
from imageferry.imaging.source import FileSource
from support.nodes import node_of_file

_MIB = 1024 * 1024
_SIZE = 37 * _MIB + 3 * 512
_KINDS = [
    ("raw", "", "flat"),
    ("qcow2", "", "version 3"),
    ("qcow2", "compat=0.10", "version 2"),
    ("qcow2", "cluster_size=512", "version 3"),
    ("qcow2", "cluster_size=2M", "version 3"),
    ("qcow2", "extended_l2=on", "version 3"),
    ("qcow2", "preallocation=metadata", "version 3"),
    ("qcow2", "lazy_refcounts=on,refcount_bits=1", "version 3"),
    ("vpc", "", "dynamic"),
    ("vpc", "force_size=on", "dynamic"),
    ("vpc", "subformat=fixed", "fixed"),
    ("vpc", "subformat=fixed,force_size=on", "fixed"),
    ("vhdx", "", "dynamic"),
    ("vhdx", "subformat=fixed", "dynamic"),
    ("vhdx", "block_size=1M", "dynamic"),
    ("vmdk", "", "monolithicSparse"),
    ("vmdk", "zeroed_grain=on", "monolithicSparse"),
    ("vmdk", "subformat=streamOptimized", "streamOptimized"),
    ("vdi", "", "dynamic"),
    ("vdi", "static=on", "static"),
]


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory, write_raw: Callable[..., Path]) -> Path:
    pieces = {0: b"boot" * 128, 5 * _MIB + 77: bytes(range(256)) * 5000, _SIZE - 9: b"the end.."}
    return write_raw(tmp_path_factory.mktemp("raw") / "disk.raw", _SIZE, pieces)


def look(path: Path) -> Inspection:
    with FileSource(path) as source:
        return inspect(source, max_virtual_size=1 << 40)


def size_by_qemu(qemu_img: QemuImg, path: Path, found: Inspection) -> int:
    node = node_of_file(found, path)
    command: list[str | Path] = [
        qemu_img.path,
        "info",
        "--output=json",
        "--image-opts",
        node.options,
    ]
    return int(json.loads(subprocess.check_output(command))["virtual-size"])


@pytest.mark.parametrize("kind", _KINDS, ids=" ".join)
def test_what_qemu_img_writes_is_accepted(
    tmp_path: Path,
    raw: Path,
    qemu_img: QemuImg,
    write_image: Callable[..., Path],
    kind: tuple[str, str, str],
) -> None:
    driver, options, subformat = kind
    image = write_image(raw, tmp_path / "image", driver, options)
    found = look(image)
    assert found.format.driver == driver
    assert (found.subformat, found.complete) == (subformat, True)
    assert found.virtual_size >= _SIZE
    assert found.virtual_size == size_by_qemu(qemu_img, image, found)


@pytest.mark.parametrize("options", ["", "compression_type=zstd"])
def test_compressed_clusters_are_noticed(
    tmp_path: Path, raw: Path, write_image: Callable[..., Path], options: str
) -> None:
    assert look(write_image(raw, tmp_path / "image", "qcow2", options, "-c")).compressed


def test_snapshots_within_are_no_hindrance(
    tmp_path: Path, raw: Path, qemu_img: QemuImg, write_image: Callable[..., Path]
) -> None:
    image = write_image(raw, tmp_path / "image", "qcow2")
    subprocess.run([qemu_img.path, "snapshot", "-c", "before", image], check=True)
    assert look(image).virtual_size == _SIZE


@pytest.mark.parametrize(
    ("driver", "options", "code"),
    [
        (
            "qcow2",
            "encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10",
            "InvalidImageFormat.Encrypted",
        ),
        ("luks", "key-secret=s,iter-time=10", "InvalidImageFormat.Unsupported"),
        ("qed", "", "InvalidImageFormat.Unsupported"),
        ("qcow", "", "InvalidImageFormat.Unsupported"),
        ("parallels", "", "InvalidImageFormat.Unsupported"),
        ("vmdk", "subformat=monolithicFlat", "InvalidImageFormat.Unsupported"),
        ("vmdk", "subformat=twoGbMaxExtentSparse", "InvalidImageFormat.Unsupported"),
    ],
)
def test_other_kinds_are_refused(
    tmp_path: Path, qemu_img: QemuImg, driver: str, options: str, code: str
) -> None:
    image = tmp_path / "image.vmdk"
    command: list[str | Path] = [
        qemu_img.path,
        "create",
        "-q",
        "--object",
        "secret,id=s,data=abc",
        "-f",
        driver,
    ]
    command += ["-o", options] if options else []
    subprocess.run([*command, image, "8M"], check=True)
    with pytest.raises(ImageError) as caught:
        look(image)
    assert caught.value.code == code


@pytest.mark.parametrize("name", ["base.qcow2", 'json:{"driver":"file","filename":"/etc/passwd"}'])
def test_backing_files_are_refused(tmp_path: Path, qemu_img: QemuImg, name: str) -> None:
    image = tmp_path / "image"
    options = f"backing_file={name.replace(',', ',,')},backing_fmt=raw"
    command = ["create", "-q", "-u", "-f", "qcow2", "-o", options, str(image), "1M"]
    subprocess.run([str(qemu_img.path), *command], check=True)
    with pytest.raises(ImageError) as caught:
        look(image)
    assert caught.value.code == "InvalidImageFormat.BackingFile"


def test_an_external_data_file_is_refused(tmp_path: Path, qemu_img: QemuImg) -> None:
    image = tmp_path / "image"
    options = f"data_file={tmp_path / 'data'}"
    command = ["create", "-q", "-f", "qcow2", "-o", options, str(image), "1M"]
    subprocess.run([str(qemu_img.path), *command], check=True)
    with pytest.raises(ImageError) as caught:
        look(image)
    assert caught.value.code == "InvalidImageFormat.ExternalData"


@pytest.mark.parametrize("driver", ["qcow2", "vpc", "vhdx", "vmdk", "vdi"])
def test_an_upload_that_was_cut_short_is_refused(
    tmp_path: Path, raw: Path, write_image: Callable[..., Path], driver: str
) -> None:
    image = write_image(raw, tmp_path / "image", driver)
    with image.open("r+b") as file:
        file.truncate(image.stat().st_size * 3 // 4)
    with pytest.raises(ImageError) as caught:
        look(image)
    assert caught.value.code == "InvalidImageFormat.Truncated"


@pytest.mark.parametrize(
    "creator", [b"win ", b"vpc ", b"qemu", b"qem2", b"tap\0", b"d2v ", b"new "]
)
@pytest.mark.parametrize("subformat", ["fixed", "dynamic"])
def test_the_size_of_a_vhd_is_qemus_whoever_made_it(
    raw: Path,
    qemu_img: QemuImg,
    write_image: Callable[..., Path],
    creator: bytes,
    subformat: str,
) -> None:
    """The geometry says less than the size here."""
    image = raw.with_name("image.vhd")
    write_image(raw, image, "vpc", f"subformat={subformat},force_size=on")
    data = bytearray(image.read_bytes())
    for offset in [len(data) - 512] if subformat == "fixed" else [len(data) - 512, 0]:
        footer = data[offset : offset + 512]
        footer[28:32] = creator
        footer[56:60] = struct.pack(">HBB", 1000, 4, 17)
        footer[64:68] = bytes(4)
        footer[64:68] = struct.pack(">I", ~sum(footer) & 0xFFFFFFFF)
        data[offset : offset + 512] = footer
    image.write_bytes(data)
    found = look(image)
    expected = 1000 * 4 * 17 * 512 if creator in (b"vpc ", b"qemu") else _SIZE
    assert found.virtual_size == size_by_qemu(qemu_img, image, found) == expected
