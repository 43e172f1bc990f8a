import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageferry.buckets import crc64

CHECK = b"123456789"
CHECK_VALUE = 0x995DC9BBDF1939FA
"""The CRC-64/XZ of the check string, from the catalogue of parametrised CRC algorithms."""


@pytest.mark.parametrize("extend", [crc64.fastest(), crc64.portable()])
def test_check_value(extend: crc64.Extend) -> None:
    assert extend(CHECK, 0) == CHECK_VALUE


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_every_implementation_agrees(first: bytes, second: bytes) -> None:
    whole = crc64.portable()(first + second, 0)
    digest = crc64.Crc64()
    digest.update(first)
    digest.update(second)
    assert digest.value == whole


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_combining_equals_reading_both(first: bytes, second: bytes) -> None:
    extend = crc64.fastest()
    combined = crc64.combine(extend(first, 0), extend(second, 0), len(second))
    assert combined == extend(first + second, 0)


def test_combining_a_long_second_run() -> None:
    extend = crc64.portable()
    zeros = bytes(1 << 20)
    combined = crc64.combine(CHECK_VALUE, extend(zeros, 0), len(zeros))
    assert combined == extend(CHECK + zeros, 0)
