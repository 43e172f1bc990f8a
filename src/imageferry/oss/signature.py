"""What every version of OSS's signature has in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from imageferry.oss.error_codes import (
    ACCESS_DENIED,
    INVALID_ARGUMENT,
    REQUEST_TIME_TOO_SKEWED,
)
from imageferry.oss.errors import OssError
from imageferry.oss.request import OssRequest

MAX_SKEW = timedelta(minutes=15)


@dataclass(frozen=True)
class Claim:
    """Who a request says it is from, and how that is to be proven.

    Attributes:
        access_key_id: The access key that is said to have signed it.
        signature: The signature that was sent.
        string_to_sign: Gives the text to sign, once bucket and key are known.
        sign: Signs a text with an access key's secret.
        token: The security token that was sent; empty where none was.
        signed_at: When it was signed; ``None`` where the version does not say.
        expires: When it expires, for presigned requests.
        region: The region it was signed for; empty where the version does not say.
    """

    access_key_id: str
    signature: str
    string_to_sign: Callable[[OssRequest], str]
    sign: Callable[[str, str], str]
    token: str
    signed_at: datetime | None
    expires: datetime | None = None
    region: str = ""

    def check_time(self, now: datetime) -> None:
        """Refuse what is too old or too new.

        Raises:
            OssError: it is.
        """
        if self.expires is not None and now > self.expires:
            raise ACCESS_DENIED.error(
                "Request has expired.", Expires=_iso(self.expires), ServerTime=_iso(now)
            )
        if self.signed_at is None:
            return
        skewed_late = self.expires is None and now - self.signed_at > MAX_SKEW
        if skewed_late or self.signed_at - now > MAX_SKEW:
            raise REQUEST_TIME_TOO_SKEWED.error(
                MaxAllowedSkewMilliseconds=str(MAX_SKEW // timedelta(milliseconds=1)),
                RequestTime=_iso(self.signed_at),
                ServerTime=_iso(now),
            )


def malformed(what: str) -> OssError:
    """The error for an authorization that cannot be read."""
    return INVALID_ARGUMENT.error(f"The authorization of the request is not valid: {what}.")


def security_token(request: OssRequest) -> str:
    """The security token of a request, wherever a client put it."""
    return (
        request.header("x-oss-security-token")
        or request.header("security-token")
        or request.parameter("x-oss-security-token")
        or request.parameter("security-token")
        or ""
    )


def _iso(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z")
