"""What soaks have in common."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.nursery import Nursery, nursery


@pytest.fixture(scope="session")
def quick() -> Iterator[Nursery]:
    """What starts processes in a moment: they are killed often."""
    with nursery() as started:
        yield started
