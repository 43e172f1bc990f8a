"""Write the pages of the documentation that are made from the code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from cli_docs import cli_page
from contract import contract_page
from imageferry import settings
from imageferry.actions.registry import PRODUCTS
from metrics_docs import metrics_page
from reference import action_page, index_page

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
    if default is None:
        return "empty"
    text = ",".join(default) if isinstance(default, tuple) else str(default)
    return f"`{text}`" if text else "empty"


DOCS = ROOT / "docs"
PAGES: Mapping[Path, Callable[[], str]] = {
    DOCS / "settings.md": settings_page,
    DOCS / "cli.md": cli_page,
    DOCS / "contract.md": contract_page,
    DOCS / "reference" / "README.md": index_page,
    DOCS / "reference" / "metrics.md": metrics_page,
    **{
        DOCS / "reference" / f"{name}.md": partial(action_page, product, action)
        for product in PRODUCTS
        for name, action in product.actions.items()
    },
}


def main() -> None:
    """Write every page anew."""
    for path, page in PAGES.items():
        path.write_text(page())


if __name__ == "__main__":
    main()
