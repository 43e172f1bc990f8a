from __future__ import annotations

import struct
import zlib
from random import Random

import pytest
import zstandard

from imageferry.imaging.writers.opening import QCOW2, QCOW2_ZLIB, QCOW2_ZSTD, Layout
from imageferry.imaging.writers.qcow2 import CLUSTER_SIZE
from support.written import AnyOrderOutput, write_pieces

_TABLE = 512 * 1024 * 1024
_COPIED = 1 << 63
_COMPRESSED = 1 << 62
_NOISE = Random(1).randbytes(CLUSTER_SIZE)
_TEXT = b"text" * (CLUSTER_SIZE // 4)


def image_of(layout: Layout, virtual_size: int, pieces: dict[int, bytes]) -> bytes:
    output = AnyOrderOutput()
    return output.finish(write_pieces(layout, output, virtual_size, pieces))


def words(image: bytes, place: int, count: int) -> tuple[int, ...]:
    return struct.unpack_from(f">{count}Q", image, place)


def directory(image: bytes) -> list[int]:
    (count, place) = struct.unpack_from(">IQ", image, 36)
    return [entry & ~_COPIED for entry in words(image, place, count)]


def test_the_header_comes_last() -> None:
    output = AnyOrderOutput()
    write_pieces(QCOW2, output, _TABLE, {0: _TEXT})
    assert output.places[-1] == 0
    assert output.places[:-1] == sorted(output.places[:-1])
    assert output.places[0] == QCOW2.head_size == CLUSTER_SIZE


def test_clusters_stand_in_order_and_their_table_behind_them() -> None:
    pieces = {0: _TEXT, 3 * CLUSTER_SIZE: _NOISE * 2, 2 * _TABLE: b"far"}
    image = image_of(QCOW2, 2 * _TABLE + 512, pieces)
    assert directory(image) == [4 * CLUSTER_SIZE, 0, 6 * CLUSTER_SIZE]
    first = words(image, 4 * CLUSTER_SIZE, 6)
    places = [0 if not entry else entry - _COPIED for entry in first]
    assert places == [CLUSTER_SIZE, 0, 0, 2 * CLUSTER_SIZE, 3 * CLUSTER_SIZE, 0]
    assert image[CLUSTER_SIZE : 4 * CLUSTER_SIZE] == _TEXT + 2 * _NOISE


def test_every_cluster_of_the_image_is_counted() -> None:
    image = image_of(QCOW2, 2 * _TABLE, {0: _TEXT, _TABLE: _NOISE})
    (table, clusters) = struct.unpack_from(">QI", image, 48)
    assert (len(image) % CLUSTER_SIZE, clusters) == (0, 1)
    (counts,) = words(image, table, 1)
    used = len(image) // CLUSTER_SIZE
    assert struct.unpack_from(f">{used + 1}H", image, counts) == (*[1] * used, 0)


def test_zero_clusters_are_left_out() -> None:
    with_zeros = image_of(QCOW2, _TABLE, {0: _TEXT, 5 * CLUSTER_SIZE: bytes(CLUSTER_SIZE)})
    assert len(with_zeros) == len(image_of(QCOW2, _TABLE, {0: _TEXT}))


@pytest.mark.parametrize(("layout", "kind"), [(QCOW2_ZLIB, 0), (QCOW2_ZSTD, 1)])
def test_clusters_are_compressed_where_that_makes_them_smaller(layout: Layout, kind: int) -> None:
    image = image_of(layout, _TABLE, {0: _TEXT, CLUSTER_SIZE: _NOISE, 2 * CLUSTER_SIZE: _TEXT})
    (table,) = directory(image)
    first, second, third = words(image, table, 3)
    assert (first & _COMPRESSED, third & _COMPRESSED) == (_COMPRESSED, _COMPRESSED)
    assert (first & _COPIED, third & _COPIED) == (0, 0)
    assert second == 2 * CLUSTER_SIZE | _COPIED
    place = first & (1 << 54) - 1
    assert unpacked(image[place : place + 4096], kind) == _TEXT
    assert (struct.unpack_from(">Q", image, 72)[0] >> 3 & 1, image[104]) == (kind, kind)


def unpacked(data: bytes, kind: int) -> bytes:
    if kind:
        return zstandard.ZstdDecompressor().decompressobj().decompress(data)
    return zlib.decompressobj(wbits=-12).decompress(data)


def test_compressed_clusters_share_clusters_of_the_image() -> None:
    """Each of them is counted."""
    image = image_of(QCOW2_ZLIB, _TABLE, {0: _TEXT * 3})
    (table,) = struct.unpack_from(">Q", image, 48)
    (counts,) = words(image, table, 1)
    assert struct.unpack_from(">2H", image, counts) == (1, 3)
