from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from imageferry.imaging.errors import ImageError
from imageferry.imaging.readers.tables import read_pieces, read_tables

_KIB = 1024
_MIB = 1024 * _KIB

Pieces = Callable[..., Any]


def test_a_long_table_is_read_piece_by_piece(pieces: Pieces) -> None:
    source = pieces({100: b"a", 100 + _MIB: b"b"}, 4 * _MIB)
    found = list(read_pieces(source, 100, _MIB + 16, "table"))
    assert [(len(piece), piece[:1]) for piece in found] == [(_MIB, b"a"), (16, b"b")]


def test_tables_come_in_the_order_in_which_they_are_asked_for(pieces: Pieces) -> None:
    source = pieces({0: b"one", 512: b"two", 3 * _MIB: b"three"}, 4 * _MIB)
    wanted = [(3, 3 * _MIB), (2, 512), (1, 0), (9, 512)]
    found = list(read_tables(source, wanted, 512, "table"))
    assert [(key, data.rstrip(b"\0")) for key, data in found] == [
        (3, b"three"), (2, b"two"), (1, b"one"), (9, b"two"),
    ]  # fmt: skip
    assert {len(data) for _, data in found} == {512}


def test_empty_tables_are_left_out(pieces: Pieces) -> None:
    source = pieces({600: b"x"}, _MIB)
    tables = read_tables(source, enumerate(range(0, 2048, 512)), 512, "table")
    assert [key for key, _ in tables] == [1]


@pytest.mark.parametrize(
    ("places", "reads"),
    [
        ([0, 512, 1024], [1536]),
        ([1024, 0, 512], [1536]),
        ([0, 64 * _KIB + 512], [64 * _KIB + 1024]),
        ([0, 64 * _KIB + 513], [512, 512]),
        (range(0, _MIB + 1024, 512), [1024, _MIB]),
    ],
)
def test_tables_near_to_each_other_are_read_at_once(
    pieces: Pieces, places: list[int], reads: list[int]
) -> None:
    source = pieces({0: b"x"}, 4 * _MIB)
    list(read_tables(source, enumerate(places), 512, "table"))
    assert sorted(source.reads) == reads


def test_only_a_bounded_part_of_the_tables_is_read_ahead(pieces: Pieces) -> None:
    length = 2 * _MIB
    source = pieces({place * length: b"x" for place in range(16)}, 16 * length)
    tables = read_tables(source, enumerate(range(0, 16 * length, length)), length, "table")
    next(tables)
    assert source.bytes_asked <= 4 * _MIB


def test_a_table_outside_of_the_file_is_refused(pieces: Pieces) -> None:
    with pytest.raises(ImageError, match="L2 table lies at byte 1048064") as caught:
        list(read_tables(pieces({}, _MIB), [(0, 0), (1, _MIB - 512)], 1024, "L2 table"))
    assert caught.value.code == "InvalidImageFormat.Truncated"


def test_more_tables_than_the_file_can_hold_beside_each_other_are_refused(
    pieces: Pieces,
) -> None:
    source = pieces({512: b"x"}, 2048)
    tables = read_tables(source, ((key, 512) for key in count()), 512, "L2 table")
    with pytest.raises(ImageError, match="more than one L2 table at the same place") as caught:
        list(tables)
    assert caught.value.code == "InvalidImageFormat.Corrupt"
    distinct = enumerate(range(0, 2048, 512))
    assert len(list(read_tables(source, distinct, 512, "L2 table"))) == 1


def test_a_table_that_cannot_be_read_is_an_error(pieces: Pieces) -> None:
    source = pieces({}, _MIB)
    source.pread = lambda offset, length: b"short"
    with pytest.raises(ImageError, match="at byte 512 ended early") as caught:
        list(read_tables(source, [(0, 512)], 512, "table"))
    assert caught.value.code == "SourceReadFailed"
