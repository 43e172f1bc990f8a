from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageferry.imaging import sha256 as sha256_module
from imageferry.imaging.sha256 import has_state, sha256


@pytest.fixture
def without_openssl(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A Python in which OpenSSL's functions cannot be reached."""
    monkeypatch.setattr(sha256_module, "_functions", lambda: None)
    has_state.cache_clear()
    yield
    has_state.cache_clear()


def test_the_python_that_is_tested_has_a_state() -> None:
    assert has_state()


@given(st.lists(st.binary(max_size=300), max_size=8), st.integers(0, 8))
def test_a_hash_is_the_same_wherever_it_is_gone_on_with(pieces: list[bytes], cut: int) -> None:
    first = sha256()
    for piece in pieces[:cut]:
        first.update(piece)
    second = sha256(first.state())
    for piece in pieces[cut:]:
        second.update(piece)
    assert second.hexdigest() == hashlib.sha256(b"".join(pieces)).hexdigest()
    assert first.hexdigest() == hashlib.sha256(b"".join(pieces[:cut])).hexdigest()


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, lambda b: memoryview(bytearray(b))])
def test_all_kinds_of_bytes_are_taken(kind: type[bytes]) -> None:
    digest = sha256()
    for data in (b"", b"abc", b"x" * 1000):
        digest.update(kind(data))
    assert digest.hexdigest() == hashlib.sha256(b"abc" + b"x" * 1000).hexdigest()


def test_a_part_of_what_somebody_holds_is_hashed_where_it_lies() -> None:
    digest = sha256()
    digest.update(memoryview(bytearray(b"abcdef"))[2:4])
    digest.update(memoryview(b"abcdef")[1:3])
    assert digest.hexdigest() == hashlib.sha256(b"cdbc").hexdigest()


@pytest.mark.parametrize(
    "state",
    [
        b"short",
        bytes(112),
        sha256().state()[:-8] + b"\xff" * 4 + sha256().state()[-4:],
    ],
)
def test_what_is_no_state_is_refused(state: bytes) -> None:
    with pytest.raises(ValueError, match="no state"):
        sha256(state)


@pytest.mark.usefixtures("without_openssl")
def test_without_openssl_hashes_are_right_and_have_no_state() -> None:
    digest = sha256()
    digest.update(b"abc")
    assert (digest.hexdigest(), digest.state()) == (hashlib.sha256(b"abc").hexdigest(), b"")
    assert not has_state()
    with pytest.raises(ValueError, match="gone on with"):
        sha256(b"state")
