from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from imageferry.imaging.coverage import Coverage, DataMap, granule_of

_GRANULE = 64 * 1024
_TIB = 1024**4


def test_a_map_tells_data_from_holes() -> None:
    data_map = DataMap(10 * _GRANULE, [(2 * _GRANULE, _GRANULE), (8 * _GRANULE, _GRANULE)])
    assert list(data_map.extents(0, 10 * _GRANULE)) == [
        (0, 2 * _GRANULE, False),
        (2 * _GRANULE, 3 * _GRANULE, True),
        (3 * _GRANULE, 8 * _GRANULE, False),
        (8 * _GRANULE, 9 * _GRANULE, True),
        (9 * _GRANULE, 10 * _GRANULE, False),
    ]
    assert list(data_map.extents(2 * _GRANULE + 5, 2 * _GRANULE + 7)) == [
        (2 * _GRANULE + 5, 2 * _GRANULE + 7, True)
    ]


def test_short_holes_count_as_data() -> None:
    ranges = [(index * 4096, 1) for index in range(100)]
    assert list(DataMap(10**6, ranges).extents(0, 10**6)) == [
        (0, 99 * 4096 + 1, True),
        (99 * 4096 + 1, 10**6, False),
    ]


def test_memory_does_not_grow_with_the_source() -> None:
    assert granule_of(1) == _GRANULE
    assert granule_of(64 * _TIB) * 1024 * 1024 >= 64 * _TIB


def test_what_is_read_twice_counts_once() -> None:
    size = 4 * _GRANULE
    coverage = Coverage(size, DataMap(size, [(0, size)]))
    coverage.add(_GRANULE, 10)
    coverage.add(_GRANULE, 100)
    assert coverage.done == _GRANULE


def test_holes_count_when_they_are_passed() -> None:
    size = 100 * _GRANULE
    data_map = DataMap(size, [(0, _GRANULE), (50 * _GRANULE, _GRANULE)])
    coverage = Coverage(size, data_map)
    coverage.add(0, _GRANULE)
    assert coverage.done == _GRANULE
    coverage.add(50 * _GRANULE, _GRANULE)
    assert coverage.done == 51 * _GRANULE


@given(
    size=st.integers(1, 40 * _GRANULE),
    reads=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=30),
)
def test_progress_never_falls_and_ends_at_the_size(
    size: int, reads: list[tuple[float, float]]
) -> None:
    coverage = Coverage(size, DataMap(size, [(0, size)]))
    before = 0
    for low, high in reads:
        start, end = sorted((int(low * size), int(high * size)))
        coverage.add(start, end - start)
        assert before <= coverage.done <= size
        before = coverage.done
    coverage.add(0, size)
    assert coverage.done == size
