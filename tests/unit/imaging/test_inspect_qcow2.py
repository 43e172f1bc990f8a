from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest

from imageferry.imaging.errors import ImageError
from imageferry.imaging.formats import Format
from imageferry.imaging.inspect import inspect
from support.images.qcow2 import CLUSTER, COPIED, PACKED, qcow2

_TIB = 1024**4


def refusal(source: Any) -> ImageError:
    with pytest.raises(ImageError) as caught:
        inspect(source, declared=Format.QCOW2, max_virtual_size=_TIB)
    return caught.value


@pytest.mark.parametrize(
    ("image", "code", "detail"),
    [
        (qcow2(backing=200), "BackingFile", "has a backing file"),
        (qcow2(features=1 << 2), "ExternalData", "has an external data file"),
        (
            qcow2(extensions=struct.pack(">II", 0x44415441, 8) + b"json:{}."),
            "ExternalData",
            "names an external data file",
        ),
        (qcow2(encryption=2), "Encrypted", r"method 2"),
        (qcow2(extensions=struct.pack(">II", 0x0537BE77, 16)), "Encrypted", "encryption header"),
        (qcow2(features=1), "NotClean", "marked dirty"),
        (qcow2(features=2), "Corrupt", "marked corrupt"),
        (qcow2(features=1 << 5), "Unsupported", "unknown features .0x20."),
        (
            qcow2(features=1 << 3, header_length=112, compression_type=2),
            "Unsupported",
            "type of compression is 2",
        ),
        (qcow2(features=1 << 3), "Corrupt", "type of compression is 0, but its features are 0x8"),
        (
            qcow2(header_length=112, compression_type=1),
            "Corrupt",
            "type of compression is 1, but its features are 0x0",
        ),
        (qcow2(version=4), "Unsupported", "qcow2 version 4"),
        (qcow2(version=1), "Unsupported", "qcow2 version 1"),
        (qcow2(cluster_bits=8), "Corrupt", r"clusters of 2\^8"),
        (qcow2(cluster_bits=22), "Corrupt", r"clusters of 2\^22"),
        (qcow2(cluster_bits=13, features=1 << 4), "Corrupt", r"clusters of 2\^13"),
        (qcow2(size=1000), "Corrupt", "1000 bytes is no whole sector"),
        (qcow2(size=0), "Corrupt", "virtual size is 0"),
        (qcow2(l1_size=0), "Corrupt", "0 entries"),
        (qcow2(l1_size=2**31), "Corrupt", "2147483648 entries"),
        (qcow2(l1_offset=3 * CLUSTER + 512), "Corrupt", "table lies at byte"),
        (qcow2(header_length=90), "Corrupt", "says that it has 90 bytes"),
        (qcow2(l1=[4 * CLUSTER + 512]), "Corrupt", "lies at byte 262656"),
        (
            qcow2(l2=[5 * CLUSTER + 512]),
            "Corrupt",
            "cluster of the qcow2 image lies at byte 328192",
        ),
        (qcow2(l1=[100 * CLUSTER]), "Truncated", "keeps data at byte 6553600"),
        (qcow2(l2=[77 * CLUSTER]), "Truncated", "keeps data at byte"),
        (
            qcow2(extensions=struct.pack(">II", 0x6803F857, 0) * 100),
            "Corrupt",
            "more than 64 extensions",
        ),
    ],
)
def test_what_is_refused(
    pieces: Callable[..., Any], image: dict[int, bytes], code: str, detail: str
) -> None:
    error = refusal(pieces(image))
    assert error.code == f"InvalidImageFormat.{code}"
    with pytest.raises(ImageError, match=detail):
        raise error


def test_a_bomb_whose_clusters_are_all_the_same_is_refused(pieces: Callable[..., Any]) -> None:
    bomb = qcow2(size=512 << 20, l2=[5 * CLUSTER | COPIED] * 8192)
    assert "share the data at byte 327680" in refusal(pieces(bomb)).detail


def test_a_bomb_whose_tables_are_all_the_same_is_refused(pieces: Callable[..., Any]) -> None:
    bomb = qcow2(size=64 << 30, l1_size=128, l1=[4 * CLUSTER | COPIED] * 128)
    assert "share the data at byte 262144" in refusal(pieces(bomb)).detail


def test_a_bomb_of_one_compressed_cluster_is_refused(pieces: Callable[..., Any]) -> None:
    bomb = qcow2(size=512 << 20, l2=[5 * CLUSTER | PACKED] * 8192)
    assert refusal(pieces(bomb)).code == "InvalidImageFormat.Corrupt"


def test_a_claim_of_two_pebibytes_is_refused_by_its_size(pieces: Callable[..., Any]) -> None:
    claim = qcow2(cluster_bits=21, size=2 << 50, l1_size=4096, l1_offset=1 << 21, l1=[0] * 4096)
    error = refusal(pieces(claim))
    assert error.code == "InvalidImageSize"


@pytest.mark.parametrize("version", [2, 3])
def test_a_plain_image_is_accepted(pieces: Callable[..., Any], version: int) -> None:
    found = inspect(pieces(qcow2(version=version)), max_virtual_size=_TIB)
    assert (found.format, found.subformat) == (Format.QCOW2, f"version {version}")
    assert (found.virtual_size, found.complete, found.compressed) == (1 << 20, True, False)


def test_compressed_clusters_and_the_compression_type_are_accepted(
    pieces: Callable[..., Any],
) -> None:
    image = qcow2(
        features=1 << 3,
        header_length=112,
        compression_type=1,
        l2=[5 * CLUSTER | PACKED, 5 * CLUSTER + 100 | PACKED],
    )
    assert inspect(pieces(image), max_virtual_size=_TIB).compressed


def test_extended_entries_are_read_as_such(pieces: Callable[..., Any]) -> None:
    entries = [5 * CLUSTER | COPIED, 0x00FF_FFFF_FFFF_FE00] * 2
    image = qcow2(features=1 << 4, l2=entries[:2])
    assert inspect(pieces(image), max_virtual_size=_TIB).complete
    assert refusal(pieces(qcow2(features=1 << 4, l2=entries))).code.endswith("Corrupt")


def test_tables_beyond_the_bound_are_left_to_qemu_img(pieces: Callable[..., Any]) -> None:
    tables = [(4 + index) * CLUSTER for index in range(100)]
    image = qcow2(size=50 << 30, l1_size=100, l1=tables, l2=())
    source = pieces(image, 200 * CLUSTER)
    assert not inspect(source, max_virtual_size=_TIB).complete
    assert source.bytes_asked < 6 << 20
