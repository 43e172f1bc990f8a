"""Debian's packages, where we may install them."""

import os
import shutil

from installation.commands import run, say, succeeds


def privilege() -> tuple[str, ...] | None:
    """The words before a command that installs packages; None where we may install none."""
    if shutil.which("apt-get") is None:
        return None
    if os.geteuid() == 0:
        return ()
    if succeeds("sudo", "-n", "apt-get", "--version"):
        return ("sudo", "-n")
    return None


def install(package: str) -> bool:
    """Whether a package could be installed. Its lists are fetched only where that helps."""
    words = privilege()
    if words is None:
        return False
    # sudo clears the environment, so the variable is set behind it.
    apt_get = (*words, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get")
    apt_get += ("-q", "-o", "DPkg::Lock::Timeout=120")
    command = (*apt_get, "install", "-y", "--no-install-recommends", package)
    say(f"Installing {package} with apt-get...")
    return succeeds(*command) or (run(*apt_get, "update") and run(*command))
