"""What it costs an import that its worker is killed three times.

The import is timed from the request to the moment at which DescribeTaskAttribute says
Finished. That another worker is started, looks into the image again and verifies all of the
result is part of it.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.disk import Content, make_raw_disk
from benchmarks.timing import Way, measure, print_table
from support.crash import kill_worker
from support.service import Service, services, until

BUCKET = "benchmark"
KEY = "disk.raw"
KILLED_AT = (0.25, 0.5, 0.75)
"""How much of the source is moved when the worker is killed."""

TASK_SECONDS = 1800.0


def run(*, virtual_size: int, data_size: int, content: Content, rounds: int) -> None:
    """Measure, and print a table.

    Args:
        virtual_size: The disk's size in bytes.
        data_size: The bytes of it that are data.
        content: What the disk holds.
        rounds: How often each way is gone.
    """
    names = (f"import-{number}" for number in itertools.count())
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name, services(Path(name)) as start:
        service = start(verify="structure")
        service.make_bucket(BUCKET)
        path = service.data_dir / "buckets" / BUCKET / KEY
        make_raw_disk(path, virtual_size=virtual_size, data_size=data_size, content=content)
        undisturbed, killed = "undisturbed", f"killed {len(KILLED_AT)} times"
        ways = [
            Way(undisturbed, lambda: _import(service, next(names), ())),
            Way(killed, lambda: _import(service, next(names), KILLED_AT)),
        ]
        medians = measure(ways, rounds=rounds)
    title = "Import of raw whose worker is killed"
    print_table(title, medians, limit=undisturbed, size=data_size)


def _import(service: Service, name: str, killed_at: Sequence[float]) -> None:
    """Import the disk, kill the worker on the way, and take the image away again."""
    image_id, task_id = service.import_image(BUCKET, KEY, ImageName=name)
    for share in killed_at:
        until(partial(_has_moved, service, task_id, share), TASK_SECONDS, "Progress")
        kill_worker(service)
    task = service.wait_for(task_id, TASK_SECONDS)
    progress = task["TaskProgress"]
    if task["TaskStatus"] != "Finished" or progress["Attempt"] != len(killed_at) + 1:
        raise RuntimeError(f"The task did not finish, or was not disturbed: {task}")
    service.call("DeleteImage", ImageId=image_id)


def _has_moved(service: Service, task_id: str, share: float) -> bool:
    """Whether so much of the source is moved, of 1."""
    task = service.task(task_id)
    if task["TaskStatus"] in {"Finished", "Failed"}:
        raise RuntimeError(f"The task ended before it was disturbed: {task}")
    progress = task["TaskProgress"]
    total = int(progress["BytesTotal"])
    return total > 0 and int(progress["BytesDone"]) >= share * total
