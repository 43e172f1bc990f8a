"""Which operating system a tree of files belongs to, and how it starts on a new machine."""

from __future__ import annotations

import re
from typing import Protocol

from imageferry.imaging.contents.facts import DiskFacts, printable

_OS_RELEASE = ("/etc/os-release", "/usr/lib/os-release")
_OS_RELEASE_BYTES = 64 * 1024
_PRETTY_NAME = re.compile(r"""^PRETTY_NAME=["']?([^"'\n]*)""", re.MULTILINE)
_WINDOWS = "/Windows/System32/ntoskrnl.exe"
_UEFI_LOADERS = ("BOOTX64.EFI", "BOOTAA64.EFI", "BOOTIA32.EFI")
_CLOUD_INIT = (
    "/etc/cloud/cloud.cfg",
    "/usr/bin/cloud-init",
    "/Program Files/Cloudbase Solutions/Cloudbase-Init",
)


class Files(Protocol):
    """Files by their paths."""

    def has(self, path: str) -> bool:
        """Whether there is something of that path."""
        ...

    def read(self, path: str, limit: int) -> bytes:
        """The first bytes of a file."""
        ...


def has_uefi_loader(files: Files) -> bool:
    """Whether a FAT file system has a boot loader that UEFI finds on a new machine.

    A new machine has no boot entries, so UEFI looks for a few names alone.
    """
    return any(files.has(f"/EFI/BOOT/{name}") for name in _UEFI_LOADERS)


def recognize(files: Files, facts: DiskFacts) -> None:
    """Add what the files tell of the operating system to what is known of the disk."""
    facts.cloud_init = facts.cloud_init or any(files.has(path) for path in _CLOUD_INIT)
    if facts.os_type:
        return
    if files.has(_WINDOWS):
        facts.operating_system, facts.os_type = "Windows", "windows"
    for path in _OS_RELEASE:
        if not facts.os_type and files.has(path):
            release = files.read(path, _OS_RELEASE_BYTES).decode(errors="replace")
            found = _PRETTY_NAME.search(release)
            name = printable(found[1]) if found else ""
            facts.operating_system, facts.os_type = name or "an unnamed Linux", "linux"
