"""The browser that the console is tested in: the system's Chromium, else Debian's package."""

import shutil

from installation import apt
from installation.commands import SetupError

DEBIAN_PACKAGE = "chromium"
FONTS_PACKAGE = "fonts-noto-cjk"
"""What the Chinese pages of the screenshots are written in."""


def prepare() -> None:
    """See to it that there is a browser.

    Raises:
        SetupError: there is none, and none can be installed.
    """
    if shutil.which("chromium"):
        return
    apt.install(FONTS_PACKAGE)
    if apt.install(DEBIAN_PACKAGE) and shutil.which("chromium"):
        return
    raise SetupError(
        f"Chromium, which the console is tested in, is missing and could not be installed: "
        f"install {DEBIAN_PACKAGE} (Debian: `sudo apt-get install {DEBIAN_PACKAGE}`), then run "
        "make again."
    )
