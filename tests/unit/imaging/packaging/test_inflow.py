from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from imageferry.imaging.errors import IMAGE_SIZE, ImageError
from imageferry.imaging.packaging.inflow import Inflow, Payload
from imageferry.imaging.packaging.package import Compression
from support.images.packages import OVF, archive, gz, ova, tar, xz, zst
from support.unpacking import UnpackedBytes

_DATA = random.Random(1).randbytes(5000)


def inflow(data: bytes) -> Inflow:
    return Inflow(UnpackedBytes(data, piece=700))


def payload(data: bytes) -> Payload:
    return Payload(inflow(data), Compression.GZIP)


def all_of(image: Payload) -> bytes:
    data = b"".join(iter(lambda: image.read(999), b""))
    image.finish()
    return data


def refusal(work: Callable[[], object]) -> str:
    with pytest.raises(ImageError) as caught:
        work()
    return f"{caught.value.code} {caught.value.detail}"


@pytest.mark.parametrize("length", [1, 699, 700, 701, 1400, 4999, 5000, 9000])
def test_bytes_are_read_in_any_length(length: int) -> None:
    coming = inflow(_DATA)
    assert coming.peek(length) == coming.peek(length) == _DATA[:length]
    assert coming.position == 0
    parts = list(iter(lambda: coming.read(length), b""))
    assert b"".join(parts) == _DATA
    assert all(len(part) == length for part in parts[:-1])
    assert coming.position == len(_DATA)
    assert coming.peek(1) == b""


def test_bytes_may_be_passed_over() -> None:
    coming = inflow(_DATA)
    coming.skip(1234)
    assert (coming.position, coming.read(5)) == (1234, _DATA[1234:1239])
    coming.skip(1 << 40)
    assert (coming.position, coming.read(5)) == (5000, b"")


def test_no_more_is_asked_for_than_is_needed() -> None:
    coming = inflow(_DATA)
    coming.read(1401)
    assert coming.consumed == 141


def test_data_that_is_no_archive_is_the_image() -> None:
    assert all_of(payload(_DATA)) == _DATA
    assert all_of(payload(b"")) == b""


def test_the_only_file_of_an_archive_is_the_image() -> None:
    image = payload(tar(_DATA))
    assert image.peek(6000) == _DATA
    assert all_of(image) == _DATA
    assert image.consumed > 0


@pytest.mark.parametrize("pack", [gz, xz, zst])
def test_what_is_compressed_again_is_refused(pack: Callable[[bytes], bytes]) -> None:
    told = refusal(lambda: payload(pack(_DATA)))
    assert told.startswith("InvalidImageFormat.Archive The gzip data holds data compressed by")
    told = refusal(lambda: payload(tar(pack(_DATA))))
    assert "The tar archive in gzip data holds data compressed by" in told


def test_an_archive_in_an_archive_is_refused() -> None:
    assert "holds another archive" in refusal(lambda: payload(tar(tar(_DATA))))


def test_an_appliance_in_compressed_data_is_refused() -> None:
    assert "the descriptor of an OVA" in refusal(lambda: payload(ova(_DATA)))
    assert "the descriptor of an OVA" in refusal(lambda: payload(OVF))


def test_several_files_are_refused() -> None:
    image = payload(archive(("a", _DATA), ("b", b"x")))
    assert "holds 2 files that would be disks: 'a', 'b'" in refusal(lambda: all_of(image))


@pytest.mark.parametrize("end", [4096, 5400])
def test_a_file_that_breaks_off_is_refused(end: int) -> None:
    image = payload(tar(_DATA)[:end])
    told = refusal(lambda: all_of(image))
    assert told.startswith("InvalidImageFormat.Truncated The tar archive in gzip data")


def test_an_archive_without_an_end_is_refused() -> None:
    image = payload(tar(_DATA)[: 512 + 5120])
    assert refusal(lambda: all_of(image)).startswith("InvalidImageFormat.Truncated")


def test_an_image_may_be_as_long_as_is_accepted() -> None:
    for data in (_DATA, tar(_DATA)):
        image = payload(data)
        image.limit(5000, IMAGE_SIZE)
        assert all_of(image) == _DATA


def test_a_longer_image_is_refused_where_it_becomes_too_long() -> None:
    image = payload(_DATA)
    image.limit(4999, IMAGE_SIZE)
    assert len(image.read(4000)) == 4000
    told = refusal(lambda: image.read(4000))
    assert told.startswith("InvalidImageSize Of the image in the gzip data at most 4999 bytes")


def test_a_longer_file_is_refused_before_it_is_read() -> None:
    image = payload(tar(_DATA))
    told = refusal(lambda: image.limit(4999, IMAGE_SIZE))
    assert told.endswith("it holds a file of 5000 bytes.")
