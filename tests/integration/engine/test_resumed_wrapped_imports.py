"""Imports of compressed images whose worker is killed: they go on where unpacking can begin."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from imageferry.engine.checkpoints import Interval, Saved
from imageferry.tasks.model import TaskStatus
from support.dying_worker import dying_worker
from support.ferry import Ferry
from support.images.packages import gz, zst
from support.interrupted import DISK, MIB, check_nothing_left, continued, reads, saved
from support.service import until

KEY = "system.img"
CHUNK = 4 * MIB
FRAME = 3 * MIB
TWICE = DISK + DISK
INTERVAL = Interval(length=16 * MIB)
"""So long that unpacking can begin behind the first chunk when the first note is made."""

STANDS_STILL = 64 * MIB
"""Blocks wait for some that come after them before they are written, and noted."""


def in_frames(data: bytes) -> bytes:
    return b"".join(zst(data[start : start + FRAME]) for start in range(0, len(data), FRAME))


@pytest.mark.parametrize("pack", [gz, in_frames])
def test_a_killed_worker_is_gone_on_for(
    ferry: Ferry, monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]
) -> None:
    packed = pack(TWICE)
    ferry.bucket.put(KEY, [packed])
    task_id = ferry.import_image(KEY)[1]
    left = killed(ferry, task_id)
    places = reads(monkeypatch, KEY)

    task = ferry.run(task_id)

    assert task.status is TaskStatus.FINISHED, task
    (key,) = ferry.imported
    assert ferry.disk_bytes(key) == TWICE
    check_nothing_left(ferry, task_id)
    assert continued(ferry, task_id) == [f"disk 1 from byte {left.checkpoint.offset}"]
    items = dict(ferry.rows.disks(task_id)[0].related_items)
    assert items["SHA256"] == hashlib.sha256(packed).hexdigest()
    assert items["ContinuedFrom"] == str(left.checkpoint.offset)
    check_read(places, left.checkpoint.restart.place, one_member=pack is gz)


def killed(ferry: Ferry, task_id: str) -> Saved:
    """Kill a worker once it has noted some of what it could read; what it noted."""
    with dying_worker(ferry, task_id, after=STANDS_STILL, interval=INTERVAL) as worker:
        until(lambda: saved(ferry, task_id), 120, "A checkpoint")
        worker.kill()
        worker.wait(60)
    left = saved(ferry, task_id)
    assert left is not None
    return left


def check_read(places: list[tuple[int, int]], begun: int, *, one_member: bool) -> None:
    """Make sure that the object was read once, but for what unpacking could leave out."""
    taken = sorted(place for place, _ in places)
    assert taken == sorted(set(taken))
    if one_member:
        assert begun == 0
        assert taken[:3] == [0, CHUNK, 2 * CHUNK]
    else:
        assert begun > CHUNK
        assert (taken[0], min(taken[1:]) >= begun) == (0, True)
