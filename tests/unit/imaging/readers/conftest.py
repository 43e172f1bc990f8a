"""Sources made by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def solid(pieces: Callable[..., Any]) -> Callable[..., Any]:
    """Makes a source of pieces of which no hole is known, as of an object in a remote store."""

    def make(*arguments: Any) -> Any:
        source = pieces(*arguments)
        source.data_ranges = lambda: iter([(0, source.size)])
        return source

    return make
