"""The one spelling of parameters that is signed."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imageferry.signing.encoding import canonical_query, percent_encode


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("AZaz09-_.~", "AZaz09-_.~"),
        (" ", "%20"),
        ("*", "%2A"),
        ("!'()", "%21%27%28%29"),
        ("a/b:c", "a%2Fb%3Ac"),
        ("镜像", "%E9%95%9C%E5%83%8F"),
        ("+", "%2B"),
    ],
)
def test_only_unreserved_characters_stay(text: str, encoded: str) -> None:
    assert percent_encode(text) == encoded


@settings(deadline=None)
@given(st.text())
def test_decoding_gives_the_text_back(text: str) -> None:
    assert unquote(percent_encode(text)) == text


def test_pairs_are_sorted_and_empty_values_kept() -> None:
    pairs = [("b", ""), ("Z", "1"), ("a.2", "x y"), ("a.10", "&=")]
    assert canonical_query(pairs) == "Z=1&a.10=%26%3D&a.2=x%20y&b="
