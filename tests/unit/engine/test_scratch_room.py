from __future__ import annotations

from imageferry.engine import scratch_room

GIB = 1 << 30


def test_a_disk_that_cannot_be_compressed_has_room_for_its_tables() -> None:
    assert scratch_room.for_a_layout(100 * GIB) > 106 * GIB
    assert scratch_room.for_a_layout(0) > 0
