"""Write the pages of the documentation that are made from the code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from imageferry import settings

ROOT = Path(__file__).resolve().parents[1]

_SETTINGS_HEAD = """\
# Settings

<!-- Made from src/imageferry/settings.py by `make docs`: change it there. -->

A setting is given as an environment variable or as a flag of the command; the flag wins.
A variable that begins with `IMAGEFERRY_` and is not in this table stops the start, so that a
misspelt one is not passed over.

| Variable | Flag | Default | Meaning |
| --- | --- | --- | --- |
"""


def settings_page() -> str:
    """The page of every setting."""
    return _SETTINGS_HEAD + "".join(_row(setting) for setting in settings.declared())


def _row(setting: settings.Setting) -> str:
    cells = (f"`{setting.variable}`", f"`{setting.flag}`", _shown(setting.default), setting.help)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _shown(default: Any) -> str:
    text = ",".join(default) if isinstance(default, tuple) else str(default)
    return f"`{text}`" if text else "empty"


PAGES: Mapping[Path, Callable[[], str]] = {ROOT / "docs" / "settings.md": settings_page}


def main() -> None:
    """Write every page anew."""
    for path, page in PAGES.items():
        path.write_text(page())


if __name__ == "__main__":
    main()
