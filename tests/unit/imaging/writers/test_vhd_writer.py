from __future__ import annotations

import struct
import time

import pytest

from imageferry.imaging.disk import PlannedDisk
from imageferry.imaging.writers.opening import VHD
from imageferry.imaging.writers.vhd import BLOCK_SIZE, LARGEST_SIZE, VhdWriter
from support.written import MEMBER, ForgetfulOutput, MemoryOutput, image_of, planned

_FREE = 0xFFFFFFFF
_TABLE = 1536
_SIZE = 5 * BLOCK_SIZE + 512


def entries(image: bytes, count: int = 6) -> tuple[int, ...]:
    return struct.unpack_from(f">{count}I", image, _TABLE)


def test_the_footer_stands_at_both_ends_and_tells_the_size() -> None:
    image = image_of(VHD, _SIZE, {BLOCK_SIZE: b"data"})
    footer = image[-512:]
    assert image[:512] == footer
    assert footer[:8] == b"conectix"
    assert struct.unpack_from(">QQ", footer, 40) == (_SIZE, _SIZE)


@pytest.mark.parametrize(("clock", "made"), [(946_684_801, 1), (946_684_800, 0), (60, 0)])
def test_the_time_is_told_as_far_as_the_format_can(
    monkeypatch: pytest.MonkeyPatch, clock: int, made: int
) -> None:
    monkeypatch.setattr(time, "time", lambda: clock)

    content = image_of(VHD, _SIZE, {})

    assert struct.unpack_from(">I", content, 24) == (made,)


def test_the_disk_ends_where_its_size_says() -> None:
    """By qemu's rule for this creator, and by that for geometries that say nothing."""
    footer = image_of(VHD, _SIZE, {})[-512:]
    assert footer[28:32] == b"qem2"
    assert struct.unpack_from(">HBB", footer, 56) == (65535, 16, 255)


def test_only_blocks_with_data_are_kept() -> None:
    image = image_of(VHD, _SIZE, {BLOCK_SIZE - 1: b"a", 4 * BLOCK_SIZE: b"b", _SIZE - 1: b"c"})
    block = 1 + BLOCK_SIZE // 512
    assert entries(image) == (4, _FREE, _FREE, _FREE, 4 + block, 4 + 2 * block)
    assert len(image) == 4 * 512 + 3 * block * 512 + 512


def test_a_block_has_its_bitmap_and_then_its_data() -> None:
    image = image_of(VHD, _SIZE, {7: b"data"})
    assert image[2048:2560] == b"\xff" * 512
    assert image[2560 : 2560 + BLOCK_SIZE] == (bytes(7) + b"data").ljust(BLOCK_SIZE, b"\0")


def test_a_block_that_comes_as_zeros_has_its_room_and_no_written_sectors() -> None:
    image = image_of(VHD, _SIZE, {0: bytes(4), 2 * BLOCK_SIZE: b"data"})
    assert entries(image)[:3] == (4, _FREE, 4 + 1 + BLOCK_SIZE // 512)
    assert image[2048 : 2560 + BLOCK_SIZE] == bytes(512 + BLOCK_SIZE)


def test_ranges_may_touch_and_overlap_and_come_in_any_order() -> None:
    data = [(3 * BLOCK_SIZE, 1), (0, BLOCK_SIZE + 1), (BLOCK_SIZE, 9)]
    output = MemoryOutput()
    writer = VhdWriter(output, PlannedDisk(_SIZE, data, MEMBER))
    image = output.finish(writer.finish(_SIZE))
    kept = [number for number, entry in enumerate(entries(image)) if entry != _FREE]
    assert kept == [0, 1, 3]


def test_data_where_none_was_said_to_be_is_an_error() -> None:
    writer = VhdWriter(MemoryOutput(), planned(_SIZE, {0: b"a"}))
    with pytest.raises(ValueError, match=f"data at byte {BLOCK_SIZE}"):
        writer.append(writer.pack(0, bytes(BLOCK_SIZE) + b"data"))


def test_a_size_other_than_the_head_tells_is_an_error() -> None:
    with pytest.raises(ValueError, match=f"{_SIZE}, not 512"):
        VhdWriter(MemoryOutput(), planned(_SIZE, {})).finish(512)


def test_two_images_have_different_names() -> None:
    one, other = (image_of(VHD, _SIZE, {})[68:84] for _ in range(2))
    assert one != other


def test_the_largest_disk_is_written() -> None:
    last = LARGEST_SIZE - 1
    output = ForgetfulOutput()
    writer = VhdWriter(output, PlannedDisk(LARGEST_SIZE, [(0, LARGEST_SIZE)], MEMBER))
    writer.append(writer.pack(last // BLOCK_SIZE * BLOCK_SIZE, bytes(BLOCK_SIZE - 1) + b"z"))
    assert writer.finish(LARGEST_SIZE) > LARGEST_SIZE
