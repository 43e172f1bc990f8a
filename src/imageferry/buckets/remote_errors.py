"""Failures of remote stores, in our own errors and without anything that was signed."""

from __future__ import annotations

from collections.abc import Mapping

from imageferry.buckets.interface import (
    InvalidObjectNameError,
    InvalidPartError,
    ObjectChangedError,
    ObjectExistsError,
    ObjectNotFoundError,
    StoreError,
    UploadNotFoundError,
)


class RemoteStoreError(StoreError, OSError):
    """The remote store cannot be reached, or refused what it was asked to."""


_BY_CODE: Mapping[str, type[StoreError]] = {
    "NoSuchKey": ObjectNotFoundError,
    "NoSuchUpload": UploadNotFoundError,
    "FileAlreadyExists": ObjectExistsError,
    "ConditionalRequestConflict": ObjectExistsError,
    "PreconditionFailed": ObjectChangedError,
    "InvalidPart": InvalidPartError,
    "InvalidPartOrder": InvalidPartError,
    "EntityTooSmall": InvalidPartError,
    "KeyTooLongError": InvalidObjectNameError,
}

_BY_STATUS: Mapping[int, type[StoreError]] = {
    404: ObjectNotFoundError,
    412: ObjectChangedError,
}
"""For answers without a code, as those to HEAD."""

_LEAST_FAILURE = 300


def refusal(status: int, code: str, what: str) -> StoreError:
    """The error for an answer that is none of success.

    Args:
        status: The HTTP status.
        code: The error's code in the answer's body; empty where it has none.
        what: What was asked for, for the text.
    """
    plain = not code or code == str(status)
    kind = _BY_STATUS.get(status) if plain else _BY_CODE.get(code)
    reason = f"HTTP status {status}" if plain else code
    return (kind or RemoteStoreError)(f"the remote store refused {what}: {reason}")


def unreachable(what: str, error: Exception) -> RemoteStoreError:
    """The error for a request that got no whole answer."""
    return RemoteStoreError(f"the remote store did not answer {what}: {type(error).__name__}")


def refuse_page(status: int, headers: Mapping[str, str], what: str) -> None:
    """Do not take a page for the store's answer that says success, as networks with a login do.

    An object may be a page too, but has an ETag.

    Args:
        status: The HTTP status.
        headers: The answer's headers, which do not distinguish case.
        what: What was asked for, for the text.

    Raises:
        RemoteStoreError: it is such a page.
    """
    media_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if status < _LEAST_FAILURE and media_type == "text/html" and "ETag" not in headers:
        raise refusal(status, "", what)
