"""Tokens that stand for an access key: sessions of a browser, and links that open one.

A token is signed with a key made from the secret, so every process of an
installation can read it, and it ends with the access key: when that is switched
off, deleted or gets another secret.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from imageferry.console.interface import Key

MAX_CHARACTERS = 1024
"""The longest token that is looked at: access key ids have up to 128 characters."""


class Purpose(StrEnum):
    """What a token is for; none serves for another purpose."""

    SESSION = "session"
    LINK = "link"


@dataclass(frozen=True)
class Token:
    """What a token says.

    Attributes:
        key: The access key that it stands for.
        nonce: What makes it one of a kind.
        expires: When it runs out, UTC, to the second.
    """

    key: Key
    nonce: str
    expires: datetime


def issue(key: Key, purpose: Purpose, expires: datetime) -> str:
    """Make a token, in characters that fit a URL and a cookie."""
    claims = [key.access_key_id, secrets.token_urlsafe(16), int(expires.timestamp())]
    payload = _encoded(json.dumps(claims).encode())
    return f"{payload}.{_encoded(_signature(key, purpose, payload))}"


def read(
    text: str, purpose: Purpose, find_key: Callable[[str], Key | None], now: datetime
) -> Token | None:
    """What a token says, or ``None`` if it is not one of ours or has run out."""
    if len(text) > MAX_CHARACTERS:
        return None
    payload, _, signature = text.partition(".")
    try:
        access_key_id, nonce, expires = json.loads(_decoded(payload))
        key = find_key(access_key_id) if _is_key_id(access_key_id) else None
        if key is None or not _is_signed(key, purpose, payload, _decoded(signature)):
            return None
    except (ValueError, TypeError, RecursionError):
        return None
    token = Token(key, nonce, datetime.fromtimestamp(expires, UTC))
    return token if now < token.expires else None


def derived(key: Key, purpose: str, text: str) -> str:
    """A text that only who knows the secret can make of another one."""
    return _encoded(_signature(key, purpose, text))


def _is_key_id(claim: object) -> bool:
    """Whether it may be looked up: nobody has signed it yet."""
    return isinstance(claim, str) and claim.isascii() and claim.isprintable()


def _is_signed(key: Key, purpose: Purpose, payload: str, signature: bytes) -> bool:
    return hmac.compare_digest(_signature(key, purpose, payload), signature)


def _signature(key: Key, purpose: str, text: str) -> bytes:
    # A key of its own for each purpose: no signature of the API can be taken for a token.
    own = hmac.digest(key.secret.encode(), f"imageferry console {purpose}".encode(), hashlib.sha256)
    return hmac.digest(own, text.encode(), hashlib.sha256)


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (UnicodeEncodeError, binascii.Error) as error:
        raise ValueError(text) from error
