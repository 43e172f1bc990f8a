from __future__ import annotations

from imageferry.imaging.data_map import DataMap, granule_of

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
