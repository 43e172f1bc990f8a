"""Signature version 1.0 of the RPC APIs: HMAC-SHA1 over every parameter.

The steps are apart so that each can be shown: :func:`canonical_query`, then
:func:`string_to_sign`, then :func:`signature`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable

from imageferry.signing.encoding import Pair, percent_encode
from imageferry.signing.encoding import canonical_query as _canonical_query

SIGNATURE_METHOD = "HMAC-SHA1"
SIGNATURE_VERSION = "1.0"


def canonical_query(parameters: Iterable[Pair]) -> str:
    """Every parameter of query and form body but the signature itself, as it is signed."""
    return _canonical_query(pair for pair in parameters if pair[0].lower() != "signature")


def string_to_sign(method: str, parameters: Iterable[Pair]) -> str:
    """What is signed.

    The path in it is always ``/``, also where the endpoint has a path prefix.

    Args:
        method: The real HTTP method, in capitals.
        parameters: The decoded parameters of query and form body, in any order.
    """
    return f"{method}&{percent_encode('/')}&{percent_encode(canonical_query(parameters))}"


def signature(access_key_secret: str, text: str) -> str:
    """The signature of a string to sign, in base64. The key is the secret and ``&``."""
    key = f"{access_key_secret}&".encode()
    # The protocol is SHA-1's; a keyed hash does not need collision resistance.
    return base64.b64encode(hmac.digest(key, text.encode(), hashlib.sha1)).decode()
