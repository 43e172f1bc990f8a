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
