from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageferry.imaging.zeros import GRANULE, data_runs, is_zero


@given(
    kinds=st.lists(st.sampled_from(["zero", "first", "last", "full"]), max_size=8),
    cut=st.integers(0, GRANULE - 1),
)
def test_runs_are_the_granules_with_data_joined(kinds: list[str], cut: int) -> None:
    made = {
        "zero": bytes(GRANULE),
        "first": b"x".ljust(GRANULE, b"\0"),
        "last": b"x".rjust(GRANULE, b"\0"),
        "full": b"x" * GRANULE,
    }
    data = b"".join(made[kind] for kind in kinds)
    data = data[: max(0, len(data) - cut)]
    runs = list(data_runs(memoryview(data)))
    inside = {offset for start, end in runs for offset in range(start, end, GRANULE)}
    for offset in range(0, len(data), GRANULE):
        assert any(data[offset : offset + GRANULE]) == (offset in inside)
    ends = [edge for run in runs for edge in run]
    assert ends == sorted(set(ends))
    assert all(edge % GRANULE == 0 or edge == len(data) for edge in ends)


@pytest.mark.parametrize("length", [0, 1, GRANULE - 1, GRANULE, 3 * GRANULE + 5])
def test_zeros_are_known_at_any_length(length: int) -> None:
    assert is_zero(bytes(length))
    assert is_zero(memoryview(bytearray(length)))


@pytest.mark.parametrize("place", [0, 1, GRANULE - 1, GRANULE, 3 * GRANULE + 4])
def test_one_byte_makes_it_data(place: int) -> None:
    data = bytearray(3 * GRANULE + 5)
    data[place] = 1

    assert not is_zero(data)
