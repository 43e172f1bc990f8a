"""What a signed request claims, read out of either signature in the same form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from imageferry.actions import error_codes
from imageferry.gateway.request import Request
from imageferry.gateway.texts import shown
from imageferry.gateway.wire_parameters import WireParameters
from imageferry.signing import acs_v3, rpc_v1

_ANONYMOUS = "Requests have to be signed: use an access key that `imageferry keys` lists."


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What is to be verified.

    Attributes:
        access_key_id: The key that is said to have signed.
        timestamp: The request's time as it is written.
        timestamp_name: Where that was sent.
        nonce: What makes the request one of a kind.
        nonce_name: Where that was sent.
        security_token: The token of temporary credentials, or nothing.
        signature: What the request is signed with.
        sign: Gives the right signature for a secret.
        detail: What the caller is told of our calculation where the two differ.
    """

    access_key_id: str
    timestamp: str
    timestamp_name: str
    nonce: str
    nonce_name: str
    security_token: str
    signature: str
    sign: Callable[[str], str]
    detail: str


def read_claim(request: Request, parameters: WireParameters) -> Claim:
    """Read what a request claims.

    Raises:
        ServiceError: a part of the signature is missing, malformed or of an unknown kind.
    """
    return _v3(request, parameters) if request.speaks_v3 else _v1(request, parameters)


def _v1(request: Request, parameters: WireParameters) -> Claim:
    access_key_id = parameters.get("AccessKeyId") or _missing("AccessKeyId", _ANONYMOUS)
    signature = parameters.get("Signature") or _missing("Signature", _ANONYMOUS)
    _check_method(parameters)
    text = rpc_v1.string_to_sign(request.method, parameters.pairs)
    return Claim(
        access_key_id=access_key_id,
        timestamp=parameters.get("Timestamp") or _missing("Timestamp"),
        timestamp_name="Timestamp",
        nonce=parameters.get("SignatureNonce") or _missing("SignatureNonce"),
        nonce_name="SignatureNonce",
        security_token=parameters.get("SecurityToken"),
        signature=signature,
        sign=lambda secret: rpc_v1.signature(secret, text),
        # The legacy Python SDK splits the message at its colons and takes the second part.
        detail=f"server string to sign is:{text}",
    )


def _check_method(parameters: WireParameters) -> None:
    method = parameters.get("SignatureMethod") or _missing("SignatureMethod")
    if method.upper() != rpc_v1.SIGNATURE_METHOD:
        raise error_codes.INVALID_SIGNATURE_METHOD.error(
            f"SignatureMethod is {shown(method)}: it can only be {rpc_v1.SIGNATURE_METHOD}."
        )
    version = parameters.get("SignatureVersion") or _missing("SignatureVersion")
    if version != rpc_v1.SIGNATURE_VERSION:
        raise error_codes.INVALID_PARAMETER.error(
            f"SignatureVersion is {shown(version)}: it can only be {rpc_v1.SIGNATURE_VERSION}.",
            name="SignatureVersion",
        )


def _v3(request: Request, parameters: WireParameters) -> Claim:
    authorization = _authorization(request)
    _check_signed_headers(request, authorization)
    body_hash = acs_v3.payload_hash(request.body)
    signed = [(name, request.header(name)) for name in authorization.signed_headers]
    canonical = acs_v3.canonical_request(request.method, parameters.query, signed, body_hash)
    text = acs_v3.string_to_sign(canonical)
    detail = f"server StringToSign is [{text}] server CanonicalRequest is [{canonical}]"
    _check_body_hash(request, body_hash, detail)
    return Claim(
        access_key_id=authorization.access_key_id,
        timestamp=_required_header(request, "x-acs-date"),
        timestamp_name="x-acs-date",
        nonce=_required_header(request, "x-acs-signature-nonce"),
        nonce_name="x-acs-signature-nonce",
        security_token=request.header("x-acs-security-token"),
        signature=authorization.signature,
        sign=lambda secret: acs_v3.signature(secret, text),
        detail=detail,
    )


def _authorization(request: Request) -> acs_v3.Authorization:
    value = request.header("authorization")
    try:
        return acs_v3.parse_authorization(value)
    except acs_v3.UnsupportedAlgorithmError as error:
        raise error_codes.INVALID_SIGNATURE_METHOD.error(
            f"Authorization begins with {shown(str(error))}: it can only be {acs_v3.ALGORITHM}."
        ) from None
    except acs_v3.MalformedAuthorizationError as error:
        raise error_codes.INCOMPLETE_SIGNATURE.error(
            f"Authorization cannot be read: {error}."
        ) from None


def _check_signed_headers(request: Request, authorization: acs_v3.Authorization) -> None:
    # What is acted upon has to be signed, or it could be changed on the way.
    sent = request.headers_by_name.keys()
    needed = {"host"} | {name for name in sent if name.startswith("x-acs-")}
    if request.body and "content-type" in sent:
        needed.add("content-type")
    unsigned = needed - set(authorization.signed_headers)
    if unsigned:
        raise error_codes.INCOMPLETE_SIGNATURE.error(
            f"SignedHeaders has to name {shown(', '.join(sorted(unsigned)))} as well."
        )


def _check_body_hash(request: Request, body_hash: str, detail: str) -> None:
    sent = _required_header(request, "x-acs-content-sha256").strip()
    if sent != body_hash:
        raise error_codes.SIGNATURE_DOES_NOT_MATCH.error(
            f"x-acs-content-sha256 is {shown(sent)}, but the body that arrived has {body_hash}: "
            "send the lower-case hexadecimal SHA-256 of the very bytes of the body.",
            detail=detail,
        )


def _required_header(request: Request, name: str) -> str:
    return request.header(name) or _missing(name)


def _missing(name: str, recommend: str = "") -> NoReturn:
    raise error_codes.MISSING_PARAMETER.error(
        recommend or f"Send {name}: it is a part of the signature.", name=name
    )
