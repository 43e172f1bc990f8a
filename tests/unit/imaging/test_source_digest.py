from __future__ import annotations

import hashlib
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageferry.imaging.checkpoint import NOTHING_HASHED, SourceState
from imageferry.imaging.source_digest import CheckedPart, SourceDigest, usable_state

_DATA = Random(1).randbytes(1000)


@given(
    cuts=st.lists(st.integers(0, len(_DATA)), max_size=10).map(sorted),
    start=st.integers(0, len(_DATA) - 1),
    length=st.integers(1, len(_DATA)),
    algorithm=st.sampled_from(["sha1", "sha256", "sha512"]),
)
def test_a_part_has_its_digest_however_the_bytes_come(
    cuts: list[int], start: int, length: int, algorithm: str
) -> None:
    length = min(length, len(_DATA) - start)
    found: list[str] = []
    part = CheckedPart(start, length, algorithm, found.append)
    digest = SourceDigest(part=part)
    for begin, end in zip([0, *cuts], [*cuts, len(_DATA)], strict=True):
        digest.update(_DATA[begin:end])
    assert found == [hashlib.new(algorithm, _DATA[start : start + length]).hexdigest()]
    assert digest.hexdigest() == hashlib.sha256(_DATA).hexdigest()
    assert digest.hashed == len(_DATA)


@pytest.mark.parametrize("cut", [100, 300, 600])
def test_a_part_is_gone_on_with(cut: int) -> None:
    found: list[str] = []
    part = CheckedPart(200, 300, "sha256", found.append)
    first = SourceDigest(part=part)
    first.update(_DATA[:cut])
    second = SourceDigest(usable_state(first.state(), part), part)
    assert second.hashed == cut
    second.update(_DATA[cut:])
    assert found == [hashlib.sha256(_DATA[200:500]).hexdigest()]
    assert second.hexdigest() == hashlib.sha256(_DATA).hexdigest()


def test_a_digest_without_a_state_begins_at_the_beginning() -> None:
    part = CheckedPart(200, 300, "sha1", lambda _: None)
    digest = SourceDigest(part=part)
    digest.update(_DATA)
    assert digest.state() == NOTHING_HASHED


def test_a_state_that_knows_nothing_of_the_part_is_not_gone_on_with() -> None:
    part = CheckedPart(200, 300, "sha256", lambda _: None)
    state = SourceState(100, b"state")
    assert usable_state(state, part) == NOTHING_HASHED
    assert usable_state(state, None) == state
