from __future__ import annotations

import errno

import pytest

from imageferry.buckets.interface import (
    BucketNotFoundError,
    ObjectChangedError,
    ObjectNotFoundError,
    StoreError,
)
from imageferry.engine.failures import DiskFailedError, reported_for
from imageferry.imaging.errors import CODES, ImageErrorCode


def _reported(error: Exception, position: int = 2) -> DiskFailedError:
    with pytest.raises(DiskFailedError) as failed, reported_for(position):
        raise error
    assert failed.value.position == position
    assert failed.value.__cause__ is error
    return failed.value


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ObjectChangedError("the object changed"), "InvalidOSSObject.Changed"),
        (ObjectNotFoundError("there is no object"), "InvalidOSSObject.NotFound"),
        (BucketNotFoundError("there is no bucket"), "InvalidOSSBucket.NotFound"),
        (StoreError("it is odd"), "OSSAccessFailed"),
    ],
)
def test_a_store_that_fails_is_reported_in_sentences(error: StoreError, code: str) -> None:
    reported = _reported(error)

    assert reported.code == code
    reason, remedy = reported.message.split(". ", 1)
    assert reason == str(error).capitalize()
    assert remedy[0].isupper()
    assert remedy.endswith(".")


@pytest.mark.parametrize("kind", CODES, ids=lambda kind: kind.code)
def test_an_image_that_fails_is_reported_by_its_own_words(kind: ImageErrorCode) -> None:
    error = kind.error("The detail.")

    reported = _reported(error, position=0)

    assert (reported.code, reported.message) == (error.code, error.message)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_reported(number: int) -> None:
    reported = _reported(OSError(number, "some words"))

    assert reported.code == "ConversionFailed.InsufficientSpace"


@pytest.mark.parametrize(
    "error", [PermissionError(errno.EACCES, "no"), ValueError("no"), DiskFailedError(1, "C", "m")]
)
def test_what_has_no_words_for_its_owner_passes(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, reported_for(2):
        raise error

    assert raised.value is error


def test_work_that_succeeds_is_not_reported() -> None:
    with reported_for(1):
        done = True

    assert done
