"""What a soak's chance begins with, so that one that failed can be had again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

SEED = 20261122
"""Where none is given."""


@contextmanager
def repeatable() -> Iterator[int]:
    """The seed of a soak, which a failure tells, with how to let it happen again."""
    seed = int(os.environ.get("SOAK_SEED", SEED))
    amount = [
        f"{name}={os.environ[name]}"
        for name in ("SOAK_SECONDS", "SOAK_KILLS")
        if name in os.environ
    ]
    again = " ".join(["make", "soak", f"SOAK_SEED={seed}", *amount])
    try:
        yield seed
    except BaseException as failure:
        failure.add_note(f"To let it happen again: {again}")
        raise
