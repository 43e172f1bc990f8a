from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageferry.imaging.errors import ImageError
from imageferry.imaging.packaging.manifest import Digest, parse

_SHA1 = hashlib.sha1(b"disk").hexdigest()
_SHA256 = hashlib.sha256(b"disk").hexdigest()
_SHA512 = hashlib.sha512(b"disk").hexdigest()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"SHA256(d.vmdk)= {_SHA256}\n", Digest("sha256", _SHA256)),
        (f"SHA1(d.vmdk)= {_SHA1}", Digest("sha1", _SHA1)),
        (f"SHA1 (d.vmdk) = {_SHA1}\n\n", Digest("sha1", _SHA1)),
        (f"SHA256(d.vmdk)={_SHA256.upper()}\r\n", Digest("sha256", _SHA256)),
        (f"SHA2-256(./d.vmdk)= {_SHA256}", Digest("sha256", _SHA256)),
        (f"\ufeff\tsha512(d.vmdk)= {_SHA512} ", Digest("sha512", _SHA512)),
    ],
)
def test_the_lines_of_many_programs_are_read(line: str, expected: Digest) -> None:
    assert parse(line.encode()) == {"d.vmdk": expected}


def test_each_file_has_its_own_and_the_longest_one_counts() -> None:
    lines = (
        f"SHA1(a b (1).vmdk)= {_SHA1}",
        f"SHA256(d)= {_SHA256}",
        f"SHA1(d)= {_SHA1}",
        f"SHA512(d)= {_SHA512}",
    )
    assert parse("\n".join(lines).encode()) == {
        "a b (1).vmdk": Digest("sha1", _SHA1),
        "d": Digest("sha512", _SHA512),
    }


def test_algorithms_that_nobody_knows_are_passed_over() -> None:
    assert parse(b"MD5(d)= 00\nSHA3-256(d)= 0011\n") == {}


@pytest.mark.parametrize(
    "line",
    [
        f"{_SHA256}  d.vmdk",
        f"SHA256(d.vmdk) {_SHA256}",
        f"SHA256(d.vmdk)= {_SHA1}",
        "SHA256(d.vmdk)= ",
        f"SHA256({'d' * 1024})= {_SHA256}",
        "\0" * 100,
    ],
)
def test_what_is_no_digest_is_refused_by_its_line(line: str) -> None:
    with pytest.raises(ImageError, match="Line 2 of the OVA's manifest is no digest") as caught:
        parse(f"\n{line}\n".encode())
    assert caught.value.code == "InvalidImageFormat.ArchiveCorrupt"


def test_two_digests_of_one_file_are_refused() -> None:
    with pytest.raises(ImageError, match="two digests of 'd'"):
        parse(f"SHA1(d)= {_SHA1}\nSHA1(./d)= {'0' * 40}".encode())


@given(st.binary() | st.text(alphabet="SHA256()= d\n\r\t0").map(str.encode))
def test_whatever_is_in_it_the_result_is_digests_or_a_refusal(manifest: bytes) -> None:
    try:
        found = parse(manifest)
    except ImageError:
        return
    for digest in found.values():
        assert len(digest.hexdigest) == 2 * hashlib.new(digest.algorithm).digest_size


def test_a_wrong_digest_is_told_with_its_file_and_both_digests() -> None:
    digest = Digest("sha1", _SHA1)
    digest.check("d.vmdk", _SHA1)
    with pytest.raises(ImageError) as caught:
        digest.check("d.vmdk", "00")
    assert caught.value.code == "InvalidImageFormat.ManifestMismatch"
    assert caught.value.detail == (
        f"The file 'd.vmdk' of the OVA has the SHA1 00, but its manifest says {_SHA1}."
    )
