"""The programs that benchmarks compare the service with, as Debian packages."""

import shutil
from pathlib import Path

from installation import apt
from installation.commands import say

_ECHO = "usr/lib/nginx/modules/ngx_http_echo_module.so"
_CURL_DRIVER = "usr/lib/*/qemu/block-curl.so"


def prepare(root: Path = Path("/")) -> None:
    """Install what is missing, or tell what to install: the benchmarks go on without it.

    Args:
        root: Where the system's files are.
    """
    for package in _missing(root):
        if not apt.install(package):
            say(
                f"{package} is missing and could not be installed, so some rows will be missing "
                f"too: install it (Debian and Ubuntu: `sudo apt-get install {package}`)."
            )


def _missing(root: Path) -> list[str]:
    there = {
        "nginx": shutil.which("nginx") is not None,
        "libnginx-mod-http-echo": any(root.glob(_ECHO)),
        "nbdkit": shutil.which("nbdkit") is not None,
        "qemu-block-extra": any(root.glob(_CURL_DRIVER)),
    }
    return [package for package, is_there in there.items() if not is_there]
