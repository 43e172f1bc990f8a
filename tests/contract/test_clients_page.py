"""The page on clients names tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "clients.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def test_every_test_that_is_named_is_there() -> None:
    named = NAMED.findall(PAGE.read_text())

    missing = [
        f"{module}::{name}"
        for module, name in named
        if name and not re.search(rf"^def {name}\b", (ROOT / module).read_text(), re.MULTILINE)
    ]

    assert named
    assert missing == []


def test_every_flow_is_named() -> None:
    page = PAGE.read_text()
    flows = [
        path.stem.removeprefix("test_flow_") for path in ROOT.glob("tests/acceptance/test_flow_*")
    ]

    assert flows
    assert [flow for flow in flows if not re.search(rf"\b{flow}\b", page)] == []
