"""What is said of an error code."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Explanation:
    """What an error code means, and what to do about it."""

    meaning: str
    remedy: str
