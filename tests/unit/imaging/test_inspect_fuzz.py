"""Whatever the bytes are, an inspection ends with a finding or an ImageError, and reads little.

What it accepts, a reader finds sound or refuses.
"""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imageferry.imaging.errors import ImageError
from imageferry.imaging.formats import Format
from imageferry.imaging.inspect import inspect
from imageferry.imaging.inspection import Inspection
from imageferry.imaging.reader import MAX_BYTES_READ
from imageferry.imaging.readers.opening import open_reader

_MARKS = [
    b"",
    b"QFI\xfb\x00\x00\x00\x03",
    b"KDMV",
    b"conectix",
    b"vhdxfile",
    bytes(64) + b"\x7f\x10\xda\xbe",
]
_WRITTEN = {
    Format.QCOW2: "compat=1.1",
    Format.VHD: "subformat=dynamic",
    Format.VHDX: "subformat=dynamic",
    Format.VMDK: "subformat=streamOptimized",
    Format.VDI: "static=off",
}
_STRUCTURE = 512 * 1024
_FUZZ = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def look(source: Any) -> None:
    found = None
    try:
        found = inspect(source, max_virtual_size=2**50)
    except ImageError as error:
        assert error.message  # noqa: PT017  either ending is right
    assert source.bytes_asked <= MAX_BYTES_READ
    if found is not None:
        assert 0 < found.virtual_size <= 2**50
        check_extents(source, found)


def check_extents(source: Any, found: Inspection) -> None:
    end = 0
    try:
        for extent in islice(open_reader(source, found).extents(), 100_000):
            assert end <= extent.offset < extent.offset + extent.length <= found.virtual_size
            assert 0 < extent.stored_length <= source.size - extent.place
            end = extent.offset + extent.length
    except ImageError as error:
        assert error.message  # noqa: PT017  either ending is right


@_FUZZ
@given(head=st.sampled_from(_MARKS), body=st.binary(max_size=4096), tail=st.sampled_from(_MARKS))
def test_arbitrary_bytes(pieces: Callable[..., Any], head: bytes, body: bytes, tail: bytes) -> None:
    look(pieces({0: head + body + tail.ljust(512, b"\0")}))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[Format, bytes]:
    """The start of an image of each format, written by qemu-img."""
    folder = tmp_path_factory.mktemp("written")
    raw = folder / "disk.raw"
    raw.write_bytes(bytes(100_000) + b"data" * 50_000 + bytes(4_000_000))
    return {kind: _write(raw, folder, kind) for kind in _WRITTEN}


def _write(raw: Path, folder: Path, kind: Format) -> bytes:
    target = folder / f"disk{kind.suffix}"
    options = ["-f", "raw", "-O", kind.driver, "-o", _WRITTEN[kind]]
    subprocess.run(["qemu-img", "convert", *options, raw, target], check=True)
    return target.read_bytes()


_EDITS = st.lists(
    st.tuples(
        st.one_of(
            st.integers(0, 600),
            st.integers(0, _STRUCTURE),
            st.sampled_from([64 << 10, 128 << 10, 192 << 10, 256 << 10, 2 << 20, 3 << 20]).flatmap(
                lambda base: st.integers(base, base + 200)
            ),
        ),
        st.one_of(
            st.binary(min_size=1, max_size=8),
            st.integers(0, 2**64 - 1).map(lambda number: struct.pack(">Q", number)),
            st.sampled_from([b"\xff" * 8, bytes(8), b"\x7f" + b"\xff" * 7]),
        ),
    ),
    min_size=1,
    max_size=4,
)


@_FUZZ
@pytest.mark.parametrize("kind", _WRITTEN)
@given(edits=_EDITS, end=st.integers(0, 1 << 23))
def test_damaged_images(
    pieces: Callable[..., Any],
    written: dict[Format, bytes],
    kind: Format,
    edits: list[tuple[int, bytes]],
    end: int,
) -> None:
    image = bytearray(written[kind])
    for offset, data in edits:
        image[offset : offset + len(data)] = data
    look(pieces({0: bytes(image[: max(end, 1)])}))
