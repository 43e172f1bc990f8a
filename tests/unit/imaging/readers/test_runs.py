from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageferry.imaging.readers.runs import runs


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], []),
        ([0, 0, 0], []),
        ([7], [(0, 1, 7)]),
        ([0, 10, 20, 30, 0, 40], [(1, 3, 10), (5, 1, 40)]),
        ([10, 20, 40, 50], [(0, 2, 10), (2, 2, 40)]),
        ([30, 20, 10], [(0, 1, 30), (1, 1, 20), (2, 1, 10)]),
        ([5, 5], [(0, 1, 5), (1, 1, 5)]),
        ([0, 10], [(1, 1, 10)]),
    ],
)
def test_entries_that_count_up_are_a_run(
    entries: list[int], expected: list[tuple[int, int, int]]
) -> None:
    assert list(runs(entries, 10)) == expected


@given(st.lists(st.sampled_from([0, 10, 20, 30, 40])))
def test_runs_stand_for_every_entry_that_is_not_zero(entries: list[int]) -> None:
    told = [
        (index + number, first + number * 10)
        for index, count, first in runs(entries, 10)
        for number in range(count)
    ]
    assert told == [(index, entry) for index, entry in enumerate(entries) if entry]
