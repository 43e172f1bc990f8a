"""A cancel that comes in the moment in which its task is finished: one of them wins, wholly."""

from __future__ import annotations

import random
import threading
import time
from contextlib import suppress

import pytest

from imageferry.actions.errors import ServiceError
from imageferry.engine.context import TASK_METADATA
from imageferry.engine.ownership import Ownership, OwnershipLostError
from imageferry.images import queries as images
from imageferry.images.model import ImageStatus, catalogue_key
from imageferry.tasks.model import TaskStatus
from support.ferry import Ferry
from support.rows import ON_SQLITE, disk

pytestmark = ON_SQLITE
RACES = 1000
LONGEST_HEAD_START = 0.003
"""In seconds: what either of the two takes."""


def _finish(ownership: Ownership) -> None:
    """Publish an image as its last step does."""
    with suppress(OwnershipLostError), ownership.finishing() as connection:
        images.set_status(connection, ownership.task.resource_id, ImageStatus.AVAILABLE)


def _cancel(ferry: Ferry, start: threading.Barrier, task_id: str, pause: float) -> None:
    start.wait()
    time.sleep(pause)
    # The task had ended before.
    with suppress(ServiceError):
        ferry.cancel(task_id)


def _race(ferry: Ferry, image_id: str, task_id: str, head_start: float) -> None:
    """Let both begin nearly together; the cancel first where the head start is below 0."""
    ownership = Ownership.claim(ferry.rows.database, task_id, 60)
    ferry.catalogue.put(
        catalogue_key(image_id, 1), [b"verified"], metadata={TASK_METADATA: task_id}
    )
    start = threading.Barrier(2)
    arguments = (ferry, start, task_id, max(0.0, head_start))
    other = threading.Thread(target=_cancel, args=arguments)
    other.start()
    start.wait()
    time.sleep(max(0.0, -head_start))
    _finish(ownership)
    other.join()
    ferry.clean_up(task_id)


def _check(ferry: Ferry, image_id: str, task_id: str) -> bool:
    """Make sure that one of them has won, and say whether the image is there."""
    task, image = ferry.rows.find(task_id), ferry.rows.find_image(image_id)
    events = [event.event for event in ferry.rows.events(task_id)]
    assert events.count("finished") + events.count("deleted") == 1
    if task.status is TaskStatus.DELETED:
        assert image is None
        return False
    assert task.status is TaskStatus.FINISHED
    assert image is not None
    assert image.status is ImageStatus.AVAILABLE
    return True


@pytest.mark.timeout(900)
def test_a_cancel_races_completion_a_thousand_times(ferry: Ferry) -> None:
    chance = random.Random(3)
    kept = set()
    for _ in range(RACES):
        image_id = ferry.rows.image(disk())
        task_id = ferry.rows.task(resource_id=image_id)
        _race(ferry, image_id, task_id, chance.uniform(-LONGEST_HEAD_START, LONGEST_HEAD_START))
        if _check(ferry, image_id, task_id):
            kept.add(catalogue_key(image_id, 1))
    assert set(ferry.imported) == kept
    assert (ferry.scratch, bool(ferry.leftovers)) == ([], False)
