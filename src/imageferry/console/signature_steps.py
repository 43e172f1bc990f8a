"""How a call is signed, step by step, for whoever writes a client of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

from imageferry.console.interface import Key
from imageferry.signing import acs_v3, rpc_v1
from imageferry.signing.acs_v3 import SignedRequest
from imageferry.signing.encoding import Pair, canonical_query


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        key: What its title is called among the texts.
        text: What comes out of it.
    """

    key: str
    text: str


def acs3(signed: SignedRequest, secret: str) -> Sequence[Step]:
    """The steps of ACS3-HMAC-SHA256 that lead to a signed request."""
    given = signed.headers["authorization"]
    names = acs_v3.parse_authorization(given).signed_headers
    headers = [(name, signed.headers[name]) for name in names]
    body_hash = acs_v3.payload_hash(signed.body)
    query = parse_qsl(signed.query, keep_blank_values=True)
    canonical = acs_v3.canonical_request(signed.method, query, headers, body_hash)
    text = acs_v3.string_to_sign(canonical)
    return (
        Step("step.body", signed.body.decode()),
        Step("step.body_hash", body_hash),
        Step("step.canonical_request", canonical),
        Step("step.string_to_sign", text),
        Step("step.signature_v3", acs_v3.signature(secret, text)),
        Step("step.authorization", given),
    )


def v1(
    key: Key,
    parameters: Sequence[Pair],
    *,
    action: str,
    version: str,
    date: datetime,
    nonce: str,
) -> Sequence[Step]:
    """The steps of the RPC signature 1.0 for a call by POST."""
    everything = (
        *parameters,
        ("Action", action),
        ("Version", version),
        ("Format", "JSON"),
        ("AccessKeyId", key.access_key_id),
        ("SignatureMethod", rpc_v1.SIGNATURE_METHOD),
        ("SignatureVersion", rpc_v1.SIGNATURE_VERSION),
        ("SignatureNonce", nonce),
        ("Timestamp", date.strftime(acs_v3.DATE_FORMAT)),
    )
    text = rpc_v1.string_to_sign("POST", everything)
    signature = rpc_v1.signature(key.secret, text)
    return (
        Step("step.canonical_query", rpc_v1.canonical_query(everything)),
        Step("step.string_to_sign", text),
        Step("step.signature_v1", signature),
        Step("step.form", canonical_query((*everything, ("Signature", signature)))),
    )
