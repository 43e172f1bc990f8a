"""Who is calling: verifies signatures, times, nonces and security tokens."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from imageferry.actions import error_codes
from imageferry.actions.errors import ServiceError
from imageferry.gateway.claims import Claim, read_claim
from imageferry.gateway.request import BEARER_HEADER, Request
from imageferry.gateway.texts import shown
from imageferry.gateway.wire_parameters import WireParameters

MAX_CLOCK_SKEW = timedelta(minutes=15)
"""How far a request's time may be from ours, either way (contract 5.4)."""

MAX_NONCE_CHARACTERS = 128
"""Twice the longest that the official clients send."""

# The STS client of ali-oss sends milliseconds, which the contract has nowhere.
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)
_NONCE = re.compile(rf"[!-~]{{1,{MAX_NONCE_CHARACTERS}}}")
_BEARER_SIGNATURE_TYPE = "BEARERTOKEN"


@dataclass(frozen=True, kw_only=True)
class AccessKey:
    """Credentials of an account.

    Attributes:
        id: What a request names them by.
        secret: What a request is signed with.
        account_id: Whose they are.
        active: Whether they may be used.
        security_token: The token that has to come with temporary credentials.
        expires: When temporary credentials run out, UTC.
    """

    id: str
    secret: str
    account_id: str
    active: bool = True
    security_token: str | None = None
    expires: datetime | None = None


@dataclass(frozen=True)
class Identity:
    """Who is calling.

    Attributes:
        account_id: The account.
        access_key_id: The credentials of it that were used.
        expires: When those run out, UTC, where they do.
    """

    account_id: str
    access_key_id: str
    expires: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Authenticator:
    """Finds out who sent a request.

    Attributes:
        find_access_key: The key of an id, if there is one.
        find_bearer: The credentials that a bearer token stands for, if any.
        remember_nonce: Keeps a nonce of an access key up to and including a time,
            UTC, and says whether it was new. Two calls at once with the same nonce
            must not both be told so.
        clock: The time, with a time zone.
    """

    find_access_key: Callable[[str], AccessKey | None]
    find_bearer: Callable[[str], AccessKey | None]
    remember_nonce: Callable[[str, str, datetime], bool]
    clock: Callable[[], datetime]

    def authenticate(self, request: Request, parameters: WireParameters) -> Identity:
        """Verify a request.

        Raises:
            ServiceError: it is not signed, or not rightly, or was seen before.
        """
        token = parameters.get("BearerToken") or request.header(BEARER_HEADER)
        if token or parameters.get("SignatureType").upper() == _BEARER_SIGNATURE_TYPE:
            return self._bearer(token)
        return self._verified(read_claim(request, parameters))

    def _verified(self, claim: Claim) -> Identity:
        now = self.clock()
        sent = _time_of(claim)
        if abs(now - sent) > MAX_CLOCK_SKEW:
            raise error_codes.INVALID_TIME_STAMP_EXPIRED.error(
                f"{claim.timestamp_name} is {claim.timestamp} and the server's time is "
                f"{now:%Y-%m-%dT%H:%M:%SZ}: set the client's clock, and sign the request anew."
            )
        key = self._active_key(claim.access_key_id)
        if not _same(claim.sign(key.secret), claim.signature):
            raise error_codes.SIGNATURE_DOES_NOT_MATCH.error(detail=claim.detail)
        _check_security_token(key, claim.security_token)
        self._check_expiry(key)
        self._spend_nonce(claim, max(now, sent) + MAX_CLOCK_SKEW)
        return Identity(key.account_id, key.id, key.expires)

    def _active_key(self, access_key_id: str) -> AccessKey:
        key = self.find_access_key(access_key_id)
        if key is None:
            raise error_codes.INVALID_ACCESS_KEY_ID_NOT_FOUND.error(
                f"There is no access key {shown(access_key_id)}: "
                "use one that `imageferry keys` lists."
            )
        _check_active(key)
        return key

    def _spend_nonce(self, claim: Claim, until: datetime) -> None:
        if not _NONCE.fullmatch(claim.nonce):
            raise error_codes.INVALID_PARAMETER.error(
                f"{claim.nonce_name} is {shown(claim.nonce)}: send 1 to {MAX_NONCE_CHARACTERS} "
                "printable ASCII characters without spaces.",
                name=claim.nonce_name,
            )
        if not self.remember_nonce(claim.access_key_id, claim.nonce, until):
            raise error_codes.SIGNATURE_NONCE_USED.error(
                f"{claim.nonce_name} {shown(claim.nonce)} came before: "
                "sign every request anew, with a fresh nonce."
            )

    def _bearer(self, token: str) -> Identity:
        if not token:
            raise error_codes.MISSING_PARAMETER.error(name="BearerToken")
        key = self.find_bearer(token)
        if key is None:
            raise error_codes.INVALID_PARAMETER.error(
                "The service knows no such bearer token: sign with an access key instead.",
                name="BearerToken",
            )
        _check_active(key)
        self._check_expiry(key)
        return Identity(key.account_id, key.id, key.expires)

    def _check_expiry(self, key: AccessKey) -> None:
        if key.expires is not None and self.clock() >= key.expires:
            raise error_codes.INVALID_SECURITY_TOKEN_EXPIRED.error(
                f"The temporary credentials ran out at {key.expires:%Y-%m-%dT%H:%M:%SZ}: "
                "get new ones."
            )


def _time_of(claim: Claim) -> datetime:
    if _TIMESTAMP.fullmatch(claim.timestamp):
        try:
            return datetime.fromisoformat(claim.timestamp)
        except ValueError:
            raise _malformed_time(claim) from None
    raise _malformed_time(claim)


def _malformed_time(claim: Claim) -> ServiceError:
    return error_codes.INVALID_TIME_STAMP_FORMAT.error(
        f"{claim.timestamp_name} is {shown(claim.timestamp)}: "
        "send the time in UTC, as 2026-11-22T08:30:00Z."
    )


def _check_active(key: AccessKey) -> None:
    if not key.active:
        raise error_codes.INVALID_ACCESS_KEY_ID_INACTIVE.error(
            f"The access key {shown(key.id)} is switched off: "
            "use one that `imageferry keys` lists as active."
        )


def _check_security_token(key: AccessKey, token: str) -> None:
    if key.security_token is None:
        if token:
            raise error_codes.INVALID_SECURITY_TOKEN_MALFORMED.error()
    elif not token:
        raise error_codes.MISSING_SECURITY_TOKEN.error()
    elif not _same(key.security_token, token):
        raise error_codes.INVALID_SECURITY_TOKEN_MISMATCH.error()


def _same(ours: str, theirs: str) -> bool:
    return hmac.compare_digest(ours.encode(), theirs.encode())
