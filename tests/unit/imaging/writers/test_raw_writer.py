from __future__ import annotations

from imageferry.imaging.writers.opening import RAW
from support.written import ForgetfulOutput, image_of, write_pieces

_KIB = 1024
_MIB = 1024 * _KIB


def test_the_image_is_the_disk() -> None:
    image = image_of(RAW, 9 * _MIB + 512, {3 * _MIB: b"data", 9 * _MIB + 511: b"z"})
    assert len(image) == 9 * _MIB + 512
    assert image[3 * _MIB : 3 * _MIB + 4] == b"data"
    assert image[-1:] == b"z"
    assert len(image) - image.count(0) == 5


def test_zeros_are_not_written() -> None:
    output = ForgetfulOutput()
    size = write_pieces(RAW, output, 9 * _MIB, {3 * _MIB: b"x" * 65 * _KIB, 5 * _MIB: bytes(9)})
    assert (size, output.written) == (9 * _MIB, 2 * 64 * _KIB)
