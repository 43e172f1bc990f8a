"""Signature version 1 against the published examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from imageferry.signing import rpc_v1

VECTORS = json.loads(
    (Path(__file__).parents[2] / "recorded" / "official_vectors.json").read_text("utf-8")
)


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["kind"] == "rpc-v1"])
def test_published_example(vector: dict[str, Any]) -> None:
    text = rpc_v1.string_to_sign(vector["method"], vector["params"].items())
    assert text == vector["string_to_sign"]
    assert rpc_v1.signature(vector["access_key_secret"], text) == vector["expected_signature"]


def test_the_signature_itself_is_not_signed() -> None:
    signed = rpc_v1.string_to_sign("GET", [("A", "1"), ("Signature", "x"), ("signature", "y")])
    assert signed == rpc_v1.string_to_sign("GET", [("A", "1")])


def test_the_method_is_signed() -> None:
    assert rpc_v1.string_to_sign("POST", [("A", "")]) == "POST&%2F&A%3D"
