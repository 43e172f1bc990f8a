"""Tokens that stand for an access key."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageferry.console import tokens
from imageferry.console.interface import Key
from imageferry.console.tokens import Purpose

KEY = Key("LTAI", "secret", "1001")
NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
SOON = NOW + timedelta(minutes=10)


def find(access_key_id: str) -> Key | None:
    return KEY if access_key_id == KEY.access_key_id else None


def test_a_token_says_whose_it_is_until_it_runs_out() -> None:
    text = tokens.issue(KEY, Purpose.SESSION, SOON)

    token = tokens.read(text, Purpose.SESSION, find, NOW)

    assert token is not None
    assert (token.key, token.expires) == (KEY, SOON)
    assert tokens.read(text, Purpose.SESSION, find, SOON) is None


def test_no_two_tokens_are_the_same() -> None:
    assert len({tokens.issue(KEY, Purpose.LINK, SOON) for _ in range(10)}) == 10


def test_a_token_is_for_one_purpose_and_one_secret() -> None:
    text = tokens.issue(KEY, Purpose.LINK, SOON)

    assert tokens.read(text, Purpose.SESSION, find, NOW) is None
    assert tokens.read(text, Purpose.LINK, lambda _: None, NOW) is None
    assert tokens.read(text, Purpose.LINK, lambda _: replace(KEY, secret="new"), NOW) is None


@pytest.mark.parametrize("place", range(0, 90, 7))
def test_a_token_that_was_changed_is_none(place: int) -> None:
    text = tokens.issue(KEY, Purpose.SESSION, SOON)
    changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]

    assert tokens.read(changed, Purpose.SESSION, find, NOW) is None


@given(st.one_of(st.text(), st.text('W10.{}["', max_size=2000)))
def test_what_is_no_token_is_none(text: str) -> None:
    assert tokens.read(text, Purpose.SESSION, find, NOW) is None


@pytest.mark.parametrize("claimed", ["LTAI\0", "\ud800", "é", 2**70, 1.5, True, None, [], {"a": 1}])
def test_what_is_no_access_key_id_is_looked_up_nowhere(claimed: object) -> None:
    looked_up: list[str] = []
    payload = base64.urlsafe_b64encode(json.dumps([claimed, "nonce", 0]).encode()).decode()

    assert tokens.read(f"{payload}.AAAA", Purpose.SESSION, looked_up.append, NOW) is None
    assert looked_up == []


def test_what_is_derived_depends_on_everything() -> None:
    texts = {
        tokens.derived(key, purpose, text)
        for key in (KEY, replace(KEY, secret="other"))
        for purpose in ("form", "link")
        for text in ("a", "b")
    }

    assert len(texts) == 8
