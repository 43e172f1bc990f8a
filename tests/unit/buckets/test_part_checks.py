from __future__ import annotations

import zlib
from collections.abc import Callable

import pytest

from imageferry.buckets.part_checks import Crc32Check, Crc64Check, PartCheck

DIGITS = b"123456789"
"""What the catalogues of checksums give the CRC of."""


def _of(check: PartCheck, *chunks: bytes | memoryview) -> PartCheck:
    for chunk in chunks:
        check.update(chunk)
    return check


def test_s3_is_told_the_crc32() -> None:
    assert zlib.crc32(DIGITS) == 0xCBF43926
    assert _of(Crc32Check(), DIGITS).headers == {"x-amz-checksum-crc32": "y/Q5Jg=="}


def test_oss_is_told_nothing() -> None:
    assert _of(Crc64Check(), DIGITS).headers == {}


@pytest.mark.parametrize(
    ("make", "answer"),
    [
        (Crc32Check, {"x-amz-checksum-crc32": "y/Q5Jg=="}),
        (Crc64Check, {"x-oss-hash-crc64ecma": str(0x995DC9BBDF1939FA)}),
    ],
)
def test_an_answer_with_the_same_checksum_confirms(
    make: Callable[[], PartCheck], answer: dict[str, str]
) -> None:
    check = _of(make(), DIGITS[:4], memoryview(DIGITS)[4:])

    assert check.confirms(answer) is True
    assert _of(make(), DIGITS[1:]).confirms(answer) is False
    assert check.confirms({}) is None
