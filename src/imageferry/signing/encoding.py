"""How parameters are written before they are signed: the same for both signatures."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

Pair = tuple[str, str]
"""A parameter's name and value, both decoded."""


def percent_encode(text: str) -> str:
    """Percent-encode UTF-8 with upper-case digits; only ``A-Za-z0-9-_.~`` stay (RFC 3986)."""
    return quote(text, safe="")


def canonical_query(pairs: Iterable[Pair]) -> str:
    """Parameters in the one order and spelling that is signed, whatever the wire's was.

    Sorted by the decoded name; empty values are kept as ``name=``.
    """
    encoded = ((percent_encode(name), percent_encode(value)) for name, value in sorted(pairs))
    return "&".join(f"{name}={value}" for name, value in encoded)
