"""Install what imageferry needs.

``setup.py run`` is for the service, ``setup.py test`` for its tests too, ``setup.py bench`` for
its benchmarks too, ``setup.py cluster`` for many processes of the service. It needs nothing but
the standard library. This file has to load on every Python 3, so that an old one can say what is
missing; all newer syntax is in the package ``installation``.
"""

import os
import shutil
import sys

OLDEST_PYTHON = (3, 11)
NEWER_PYTHONS = ("python3.14", "python3.13", "python3.12", "python3.11")


def newer_python(version: "tuple[int, int]") -> "str | None":
    """The interpreter to go on with, or None where ``version`` will do.

    Raises:
        SystemExit: there is no Python that is new enough.
    """
    if version >= OLDEST_PYTHON:
        return None
    for name in NEWER_PYTHONS:
        path = shutil.which(name)
        if path:
            return path
    raise SystemExit(
        f"imageferry needs Python 3.11 or newer, and found only {version[0]}.{version[1]}: install "
        "a newer one (Debian and Ubuntu: `sudo apt-get install python3.11`), then run make again."
    )


def main() -> None:
    """Go on with a Python that is new enough."""
    path = newer_python(sys.version_info[:2])
    if path:
        os.execv(path, [path, *sys.argv])
    from installation.main import main as install  # noqa: PLC0415 - an old Python cannot load it

    install()


if __name__ == "__main__":
    main()
