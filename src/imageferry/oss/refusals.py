"""What is kept of a request that was refused, for whoever asks why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from imageferry.accounts.failed_calls import FailedCall
from imageferry.oss.authentication import Authenticated
from imageferry.oss.errors import OssError
from imageferry.oss.request import OssRequest

MAX_METHOD_CHARACTERS = 16
"""How much is kept of a method that stands for the operation where none is meant."""

_SIGNING = frozenset(
    {"expires", "ossaccesskeyid", "security-token", "signature", "x-oss-additional-headers"}
    | {"x-oss-credential", "x-oss-date", "x-oss-expires", "x-oss-security-token"}
    | {"x-oss-signature", "x-oss-signature-version"}
)
"""The parameters that sign a request, in lower case: whoever has them can send it again."""


def is_kept(request: OssRequest) -> bool:
    """Whether a refusal is worth keeping.

    By HEAD clients ask whether an object is there: that it is not is an answer like the other,
    and would push out what went wrong.
    """
    return request.method != "HEAD"


def refused_call(
    sender: Authenticated, operation: str, error: OssError, request_id: str, time: datetime
) -> FailedCall:
    """A refused request as its account's calls are kept.

    Args:
        sender: The request, and whose it is.
        operation: OSS's name of what it asks for; empty where that is nothing.
        error: What it was answered.
        request_id: The id that the answer carries.
        time: When, UTC.
    """
    return FailedCall(
        request_id=request_id,
        account_id=sender.account_id,
        time=time,
        access_key_id=sender.access_key_id,
        action=operation or sender.request.method[:MAX_METHOD_CHARACTERS],
        parameters=dict(_parameters(sender.request)),
        status=error.code.status,
        code=error.code.code,
        message=error.message,
        recommend="",
    )


def _parameters(request: OssRequest) -> Iterator[tuple[str, str]]:
    yield "Bucket", request.bucket
    yield "Key", request.key
    for name, value in request.parameters:
        if name.lower() not in _SIGNING:
            yield name, value
