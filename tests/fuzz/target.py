"""What is fuzzed: a parser, and inputs that it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

MODULES = ("images", "packed", "nbd", "requests")
"""The modules of this folder that have targets, each as ``TARGETS``."""


@dataclass(frozen=True)
class Target:
    """A parser that any bytes may come to.

    Attributes:
        name: What it is called.
        seeds: Sound inputs, from which others are made.
        run: Parses bytes. What it raises is a bug: it takes the errors that are declared.
        bugs: Inputs that were not taken well once.
    """

    name: str
    seeds: tuple[bytes, ...]
    run: Callable[[bytes], None]
    bugs: tuple[bytes, ...] = ()
